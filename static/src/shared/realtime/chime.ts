/** The sounds, made by WebAudio, no file to load: two soft bell tones for notices, three rising ones, twice, when somebody may be in danger. */

const tones = [
  { frequencyHz: 659.25, startS: 0, lengthS: 0.45 },
  { frequencyHz: 987.77, startS: 0.14, lengthS: 0.6 },
]
const alarmTones = [0, 0.9].flatMap((startS) =>
  [587.33, 783.99, 1046.5].map((frequencyHz, index) => ({ frequencyHz, startS: startS + index * 0.16, lengthS: 0.32 })),
)
const peakGain = 0.12
const gestures = ['pointerdown', 'keydown'] as const

let context: AudioContext | null = null

/** Makes the sound possible at the first gesture of the user; browsers refuse it before. */
export function unlockChimeOnGesture(): void {
  const unlock = () => {
    for (const gesture of gestures) removeEventListener(gesture, unlock)
    unlockChime()
  }
  for (const gesture of gestures) addEventListener(gesture, unlock, { passive: true })
}

/** Opens the audio output; call it inside a gesture. */
export function unlockChime(): void {
  if (typeof AudioContext === 'undefined') return
  context ??= new AudioContext()
  void context.resume()
}

/** True when a sound would be heard now. */
export function canChime(): boolean {
  return context?.state === 'running'
}

/** Plays the chime; silent when the browser does not allow it yet. */
export function playChime(): void {
  play(tones)
}

/** Plays the alarm of a risk alert; under the same conditions. */
export function playAlarm(): void {
  play(alarmTones)
}

function play(melody: typeof tones): void {
  if (!context || !canChime()) return
  for (const tone of melody) playTone(context, tone)
}

function playTone(audio: AudioContext, tone: (typeof tones)[number]): void {
  const start = audio.currentTime + tone.startS
  const oscillator = new OscillatorNode(audio, { type: 'sine', frequency: tone.frequencyHz })
  const gain = new GainNode(audio, { gain: 0 })
  gain.gain.setValueAtTime(0, start)
  gain.gain.linearRampToValueAtTime(peakGain, start + 0.02)
  gain.gain.exponentialRampToValueAtTime(0.0001, start + tone.lengthS)
  oscillator.connect(gain).connect(audio.destination)
  oscillator.start(start)
  oscillator.stop(start + tone.lengthS)
}
