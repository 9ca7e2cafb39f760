import { mod97, passesLuhn, passesMod11And10, passesVerhoeff } from './checks.ts'

/** Checks that detectors of the configuration may ask for, on the letters and digits of a match. */
export const validators: Readonly<Record<string, (plain: string) => boolean>> = {
  luhn: (plain) => /^[0-9]+$/.test(plain) && passesLuhn(plain),
  mod97: (plain) => /^[0-9A-Z]{5,}$/.test(plain) && mod97(plain.slice(4) + plain.slice(0, 4)) === 1,
  mod11_10: (plain) => /^[0-9]{2,}$/.test(plain) && passesMod11And10(plain),
  verhoeff: (plain) => /^[0-9]+$/.test(plain) && passesVerhoeff(plain),
}
