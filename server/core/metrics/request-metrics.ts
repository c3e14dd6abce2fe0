import type { CofferError } from '../../contracts/errors.ts';
import type { Operation } from '../../contracts/request.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { Distribution } from './distribution.ts';
import type { Counter, Sample } from './metric.ts';

interface OperationRow {
  readonly durations: Distribution;
  clientErrors: number;
  serverErrors: number;
}

type MountRow = Readonly<Record<Operation, OperationRow>>;

/** What the pipeline counts. Called once at the end of every request; allocates nothing after a mount type's first. */
export class RequestMetrics {
  readonly #byMountType = new Map<string, MountRow>();
  readonly #requests = new Distribution();
  readonly #logins = new Distribution();
  #serviceTokens = 0;
  #batchTokens = 0;
  #leases = 0;
  #auditRequestFailures = 0;
  #auditResponseFailures = 0;
  #rateViolations = 0;
  #leaseViolations = 0;

  ended(exchange: Exchange, error: CofferError | undefined, ms: number): void {
    const { mount, operation, reply } = exchange;
    const type = mount === undefined ? 'none' : mount.entry.type;
    let row = this.#byMountType.get(type);
    if (row === undefined) {
      row = newRow();
      this.#byMountType.set(type, row);
    }
    row[operation].durations.add(ms);
    const isLogin = mount !== undefined && exchange.access === 'anyone' && mount.entry.table === 'auth';
    (isLogin ? this.#logins : this.#requests).add(ms);
    if (error !== undefined) {
      this.#failed(exchange, error, row[operation]);
      return;
    }
    if (exchange.issued?.fresh) {
      if (exchange.issued.tokenType === 'batch') this.#batchTokens++;
      else this.#serviceTokens++;
    }
    if (reply?.lease !== undefined) this.#leases++;
  }

  #failed({ acted }: Exchange, { code, status }: CofferError, row: OperationRow): void {
    if (status >= 500) row.serverErrors++;
    else row.clientErrors++;
    if (code === 'audit-failure') {
      if (acted) this.#auditResponseFailures++;
      else this.#auditRequestFailures++;
    } else if (code === 'rate-limited') {
      if (acted) this.#leaseViolations++;
      else this.#rateViolations++;
    }
  }

  counters(): Counter[] {
    const plain = (name: string, count: number, help: string): Counter => ({ name, labels: {}, help, count });
    const counters = [
      plain(
        'audit.log_request_failure',
        this.#auditRequestFailures,
        'Requests that no audit device recorded.',
      ),
      plain(
        'audit.log_response_failure',
        this.#auditResponseFailures,
        'Responses that no audit device recorded.',
      ),
      plain('quota.rate_limit.violation', this.#rateViolations, 'Requests that a rate limit refused.'),
      plain('quota.lease_count.violation', this.#leaseViolations, 'Requests that a lease count refused.'),
      plain('secret.lease.creation', this.#leases, 'Leases of secrets made.'),
    ];
    const tokens = { name: 'token.creation', help: 'Tokens made.' };
    counters.push({ ...tokens, labels: { token_type: 'service' }, count: this.#serviceTokens });
    counters.push({ ...tokens, labels: { token_type: 'batch' }, count: this.#batchTokens });
    for (const { labels, row } of this.#rows()) {
      const errors = { name: 'core.request_errors', help: 'Requests answered with an error.' };
      counters.push({ ...errors, labels: { ...labels, class: '4xx' }, count: row.clientErrors });
      counters.push({ ...errors, labels: { ...labels, class: '5xx' }, count: row.serverErrors });
    }
    return counters;
  }

  samples(): Sample[] {
    const summary = (name: string, distribution: Distribution, help: string): Sample => ({
      name,
      labels: {},
      help,
      distribution,
      isHistogram: false,
    });
    return [
      summary('core.handle_request', this.#requests, 'Requests other than logins, milliseconds.'),
      summary('core.handle_login_request', this.#logins, 'Logins, milliseconds.'),
      ...[...this.#rows()].map(
        ({ labels, row }): Sample => ({
          name: 'core.request',
          labels,
          help: 'Requests by operation and type of mount.',
          distribution: row.durations,
          isHistogram: true,
        }),
      ),
    ];
  }

  *#rows(): Generator<{ labels: { mount_type: string; operation: string }; row: OperationRow }> {
    for (const [type, rows] of this.#byMountType)
      for (const [operation, row] of Object.entries(rows))
        if (row.durations.count > 0) yield { labels: { mount_type: type, operation }, row };
  }
}

function newRow(): MountRow {
  const row = (): OperationRow => ({ durations: new Distribution(), clientErrors: 0, serverErrors: 0 });
  return {
    create: row(),
    update: row(),
    read: row(),
    delete: row(),
    list: row(),
    patch: row(),
    scan: row(),
    help: row(),
  };
}
