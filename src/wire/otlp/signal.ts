/** The signals whose messages are known here. The same words as src/signal, which may not be imported. */
export type OtlpSignal = 'logs' | 'metrics' | 'traces'
