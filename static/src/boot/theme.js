// Runs before the first paint (see vite/blockingThemeScript.ts): no flash of the wrong theme.
;(function () {
  var choice = 'system'
  try {
    choice = JSON.parse(localStorage.getItem('educounsel.preferences') || '{}').theme || 'system'
  } catch {
    // Storage may be blocked; the system theme is right then.
  }
  var isDark = choice === 'dark' || (choice === 'system' && window.matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
})()
