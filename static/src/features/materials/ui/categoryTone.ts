const tones = ['tone-sea', 'tone-honey', 'tone-terracotta', 'tone-sky', 'tone-plum', 'tone-leaf'] as const

/** A colour for the category, the same every time: categories are free text. */
export function toneOf(category: string): (typeof tones)[number] {
  let hash = 0
  for (const letter of category.toLowerCase()) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 997
  return tones[hash % tones.length] ?? 'tone-sea'
}
