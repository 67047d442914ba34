import {
  ArcElement,
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  DoughnutController,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
  type ChartConfiguration,
} from 'chart.js'
import type { ThemeColours } from './chartTheme'

Chart.register(
  ArcElement,
  BarController,
  BarElement,
  CategoryScale,
  DoughnutController,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
)

Chart.defaults.font.family = "'Plus Jakarta Sans', system-ui, sans-serif"

export { Chart }

export interface EngagementSeries {
  days: string[]
  activeStudents: { label: string; values: number[] }
  views: { label: string; values: number[] }
  downloads: { label: string; values: number[] }
}

/** Bars for views and downloads, a line for active students. */
export function engagementChart(series: EngagementSeries, colours: ThemeColours): ChartConfiguration {
  const bar = (source: { label: string; values: number[] }, colour: string) => ({
    type: 'bar' as const,
    label: source.label,
    data: source.values,
    backgroundColor: colour,
    borderRadius: 5,
    maxBarThickness: 18,
    order: 2,
  })
  return {
    type: 'bar',
    data: {
      labels: series.days,
      datasets: [
        {
          type: 'line',
          label: series.activeStudents.label,
          data: series.activeStudents.values,
          borderColor: colours.accent,
          backgroundColor: colours.accent,
          pointRadius: 3,
          borderWidth: 2.5,
          tension: 0.35,
          order: 1,
        },
        bar(series.views, colours.primary),
        bar(series.downloads, colours.honey),
      ],
    },
    options: {
      ...sharedOptions(colours),
      scales: {
        x: {
          grid: { display: false },
          border: { color: colours.line },
          ticks: { color: colours.muted, maxRotation: 0, autoSkipPadding: 12 },
        },
        y: { beginAtZero: true, grid: { color: colours.line }, border: { display: false }, ticks: { color: colours.muted, precision: 0 } },
      },
    },
  }
}

/** A ring of the number of materials by status. */
export function statusChart(parts: { labels: string[]; values: number[] }, colours: ThemeColours): ChartConfiguration<'doughnut'> {
  return {
    type: 'doughnut',
    data: {
      labels: parts.labels,
      datasets: [
        {
          data: parts.values,
          backgroundColor: [colours.primary, colours.honey, colours.field],
          borderColor: colours.surface,
          borderWidth: 3,
        },
      ],
    },
    options: { ...sharedOptions(colours), cutout: '68%' },
  }
}

function sharedOptions(colours: ThemeColours) {
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
  return {
    responsive: true,
    maintainAspectRatio: false,
    animation: isStill ? (false as const) : { duration: 400 },
    interaction: { mode: 'index' as const, intersect: false },
    plugins: {
      legend: {
        position: 'bottom' as const,
        labels: { color: colours.ink, usePointStyle: true, pointStyleWidth: 10, boxHeight: 7, padding: 16, font: { size: 13 } },
      },
    },
  }
}
