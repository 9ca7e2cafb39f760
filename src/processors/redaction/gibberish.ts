/**
 * By letter (`a` to `z`, then space) a row: for each that follows it, four times the negative logarithm of how often it
 * does, in base 36. Counted in the pages and sources of this project (scripts/fixtures-letter-pairs.ts).
 */
const pairs = [
  'pfbbuieudyf9d9zfx9a8hijidtc',
  '9okr5qrqdftass8stejp9sts9rc',
  'asho7tv9ivbcsu5otfj9gsxwnwc',
  'esvg6tjrcvrirsbmxgbpkovvgx3',
  'cqdbhfjpjnveealhk89cmhidkz6',
  '9tlncarv6uteqr8tvbgdavuvkv7',
  'dqou6theautjiddsudccesuuul4',
  '7qww5www9twtrr9nvelfivtwmv6',
  'iiddefdyrwobc5bhvea8wezjzii',
  'dllm4mmlgmjjmm7jmm6lclkmmkg',
  'knqj4pqparpiqajkrrbnkooqpq5',
  'arod6jtn8xoaqv9hxocfdioxdv8',
  '7cuo5vvvavokiob8vqdpgvvvtv8',
  'dtc99h9sgxjfthansqb9enuxjw6',
  'lhfdiehzgzidb6fdz7ebbhcrqyc',
  '8sim7tskdttbmq7du9ecestulw8',
  'jlllllllklklllllljll1kjllle',
  'cqig6jiubznmje9lyebafipzdz7',
  'fxhs8qtfdzjkptdixrc7eujyiz3',
  'bzhm8pv8bzzjswckzbbfgzlxfy5',
  'gheg9ffsewtcb6ldw899utwruuj',
  '7rqq2rqqcrrpqrbrrrqrrrqrrqc',
  '8ttoats68ttjtacttbcqttrrst7',
  'clepcgqjfppqpon5pqq6qqqfiq5',
  'hplthsttottjkdh9ttbattmsro2',
  'alki3lllblldllelllcljljjgg8',
  'acaeccgfcliddccdmbaaficnooz',
].map((row) => Uint8Array.from(row, (step) => Number.parseInt(step, 36)))

/** Mean of the steps from which on letters are no word. Words of manuals stay below it in six of seven cases, letters drawn at random in one of ten. */
const stepsMax = 16

/** Whether the letters of `part` follow each other as they hardly do in words. Other signs are passed over. */
export function isGibberish(part: string): boolean {
  let steps = 0
  let count = 0
  let before = -1
  for (let at = 0; at < part.length; at++) {
    const letter = indexOf(part.charCodeAt(at))
    if (letter < 0) continue
    if (before >= 0) {
      steps += (pairs[before] as Uint8Array)[letter] as number
      count++
    }
    before = letter
  }
  return count > 0 && steps >= stepsMax * count
}

function indexOf(code: number): number {
  if (code === 32) return 26
  const lower = code | 32
  return lower >= 97 && lower <= 122 ? lower - 97 : -1
}
