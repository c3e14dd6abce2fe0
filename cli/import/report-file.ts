import fs from 'node:fs';
import { stringifyJson } from '../../formats/json/index.ts';
import { Failure, reasonOf } from '../failure.ts';
import { type Report, renderReport } from './report.ts';

export interface ReportFile {
  write(report: Report): void;
}

/** Opened before the work begins, so that an hour of it does not end without its report. Only its owner may read it: it names what there is. */
export function openReport(file: string | undefined): ReportFile {
  if (file === undefined) return { write() {} };
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, 'w', 0o600);
  } catch (error) {
    throw new Failure(1, `cannot write the report ${file}: ${reasonOf(error)}`);
  }
  return {
    write(report) {
      const text = /\.txt$/i.test(file) ? renderReport(report) : `${stringifyJson(report, 2)}\n`;
      fs.writeFileSync(descriptor, text);
      fs.closeSync(descriptor);
    },
  };
}
