import type { Format, FormatSettings } from './format.ts'
import { ApacheAccess, NginxAccess } from './formats/access.ts'
import { JavaStack } from './formats/java-stack.ts'
import { Json } from './formats/json.ts'
import { Klog } from './formats/klog.ts'
import { Log4j } from './formats/log4j.ts'
import { Logfmt } from './formats/logfmt.ts'
import { Postgres } from './formats/postgres.ts'
import { Python } from './formats/python.ts'

/** In the order of preference where several fit a file equally well. */
export const formatNames = [
  'json',
  'klog',
  'postgres',
  'nginx_access',
  'apache_access',
  'log4j',
  'python',
  'logfmt',
  'java_stack',
] as const
export type FormatName = (typeof formatNames)[number]

/** What `preset` may be. */
export const presetNames = [...formatNames, 'auto'] as const

export function createFormat(name: FormatName, settings: FormatSettings): Format {
  switch (name) {
    case 'json':
      return new Json(settings)
    case 'klog':
      return new Klog(settings)
    case 'postgres':
      return new Postgres(settings)
    case 'nginx_access':
      return new NginxAccess(settings)
    case 'apache_access':
      return new ApacheAccess(settings)
    case 'log4j':
      return new Log4j(settings)
    case 'python':
      return new Python(settings)
    case 'logfmt':
      return new Logfmt(settings)
    case 'java_stack':
      return new JavaStack(settings)
  }
}
