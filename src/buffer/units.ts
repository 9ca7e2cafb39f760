import type { Batch } from '../signal/batch.ts'

/** What the capacity of a queue counts. */
export type Sizer = 'requests' | 'items' | 'bytes'

export function unitsOf({ itemCount, sizeBytes }: Batch, sizer: Sizer): number {
  switch (sizer) {
    case 'requests':
      return 1
    case 'items':
      return itemCount
    case 'bytes':
      return sizeBytes
  }
}
