import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { prometheusType, renderJson, renderPrometheus } from '../metrics/render-metrics.ts';

/**
 * `sys/metrics`. Needs a token, except on a listener with `unauthenticated_metrics_access`; there it answers while the
 * server is sealed too.
 */
export function metricsPaths(metrics: Metrics, isPrometheusEnabled: boolean): PathDeclaration[] {
  return [
    definePath({
      pattern: 'metrics',
      rootOnly: true,
      whileSealed: true,
      shape: 'bare',
      fields: {
        format: { type: 'string', description: 'prometheus, or empty for JSON', default: '', query: true },
      },
      operations: {
        read: {
          summary: 'Read the metrics',
          pure: true,
          async handler({ fields: { format } }): Promise<Reply> {
            if (format === '') return { data: renderJson(await metrics.snapshot()) };
            if (format !== 'prometheus')
              throw invalidRequest('metric response format unknown', {
                hint: 'prometheus, or none for JSON.',
              });
            if (!isPrometheusEnabled)
              throw invalidRequest('prometheus is not enabled', {
                hint: 'Set prometheus_retention_time in the telemetry stanza to more than 0.',
              });
            return { raw: { contentType: prometheusType, body: renderPrometheus(await metrics.snapshot()) } };
          },
        },
      },
      help: {
        synopsis: 'Metrics of this process.',
        description: 'As JSON, or with format=prometheus as text. Counters begin with the process.',
      },
    }),
  ];
}
