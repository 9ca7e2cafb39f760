/**
 * What only one component of a configuration can have. The planner refuses a configuration in which two have the same,
 * so that the mistake is found by `validate` and not by the start, or by two writers in one file.
 */
export type Claim = AddressClaim | PathClaim | StdinClaim

export interface AddressClaim {
  readonly kind: 'address'
  /** A name or an address; empty for all addresses of the machine. */
  readonly host: string
  /** Not 0: a free port is nobody's. */
  readonly port: number
  /** The option that says so, from the component on: `['protocols', 'grpc', 'endpoint']`. */
  readonly option: readonly string[]
}

export interface PathClaim {
  /** `socket`: listens there. `file`: writes it. `directory`: keeps its state there. */
  readonly kind: 'socket' | 'file' | 'directory'
  readonly path: string
  readonly option: readonly string[]
}

/** Reads the standard input of the process. */
export interface StdinClaim {
  readonly kind: 'stdin'
  readonly option: readonly string[]
}
