/** The colours of the running theme, for drawings that cannot use CSS. */
export function themeColours() {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--c-${name}`).trim()
  return {
    ink: colour('ink'),
    muted: colour('muted'),
    line: colour('line'),
    primary: colour('primary'),
    accent: colour('accent'),
    honey: colour('honey'),
    surface: colour('surface'),
    field: colour('field'),
  }
}

export type ThemeColours = ReturnType<typeof themeColours>
