import { spawn } from 'node:child_process';
import type { Environment } from '../../settings.ts';

/** Whether a browser could be started: the one that BROWSER names, else the system's. No shell sees the address. */
export function openBrowser(url: URL, environment: Environment): Promise<boolean> {
  const [program, ...before] = opener(environment['BROWSER']);
  return new Promise((resolve) => {
    const child = spawn(program, [...before, url.href], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}

function opener(chosen: string | undefined): [string, ...string[]] {
  if (chosen) return [chosen];
  if (process.platform === 'darwin') return ['open'];
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return ['xdg-open'];
}
