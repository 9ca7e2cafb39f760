import packageJson from '../../package.json' with { type: 'json' }

/** How we name ourselves to backends. */
export const userAgent = `remora/${packageJson.version}`
