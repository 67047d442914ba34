import type { errorsId, fieldErrorsId } from '@/shared/i18n/texts/id/errors'

/** Errors in words: by code of the API, and by code of a field, in English. */
export const errorsEn: typeof errorsId = {
  unknown: 'Something went wrong. Try again in a moment.',
  client: {
    offline: 'The server cannot be reached. Check your internet connection.',
    timeout: 'The server took too long to answer. Try again.',
    aborted: 'The request was cancelled.',
    unreadable: 'The answer of the server could not be read. Try again.',
  },
  request: {
    malformed: 'The server could not read the request.',
    timeout: 'Sending was too slow. Try again on a better network.',
    too_large: 'This is too large to send.',
    media_type: 'This kind of content is not supported.',
  },
  auth: {
    required: 'Please log in first.',
    invalid_credentials: 'Wrong user name or password.',
    too_many_attempts: 'Too many attempts. Please wait a moment.',
    cross_site: 'Refused, because the request came from another site.',
  },
  access: { denied: 'This role may not do that.' },
  apps: { disabled: 'This app is disabled. Enable it first.' },
  not_found: 'Not found, it may have been deleted.',
  method_not_allowed: 'This action is not supported.',
  conflict: 'The data has changed. Reload and try again.',
  users: { login_taken: 'This user name is already taken.' },
  materials: {
    file_too_large: 'The file is larger than 10 MiB.',
    file_type: 'This file is not a PDF.',
    file_encrypted: 'This PDF is locked with a password. Save it again without one.',
    file_unsafe: 'This PDF contains scripts or attachments. Print it to PDF and upload again.',
    file_unreadable: 'This PDF is damaged and cannot be read.',
  },
  appointments: {
    slot_taken: 'This time was just taken. Choose another one.',
    too_many: 'You have enough appointments ahead. Cancel one, or wait until one is over.',
    illegal_transition: 'This appointment has changed meanwhile. Look at the newest state and try again.',
    video_closed: 'The video call is not open yet, or is over.',
  },
  conversations: {
    closed: 'This conversation is closed.',
    illegal_transition: 'This conversation has changed meanwhile.',
  },
  messages: {
    client_id_reused: 'This message was sent before with another text.',
    too_late: 'A message can be changed for 15 minutes only.',
  },
  companion: {
    busy: 'The answer before this one is still coming. Wait for it, or stop it first.',
    daily_limit: 'Enough for today. You can talk with the AI friend again tomorrow.',
    client_id_reused: 'This question was already sent with other words.',
  },
  validation: 'Some fields need another look.',
  idempotency: { key_reused: 'This request was already sent with other content.' },
  rate_limited: 'Too many requests. Please wait a moment.',
  internal: 'The server has a problem. Try again in a moment.',
  unavailable: 'The service is not available. Try again in a moment.',
}

export const fieldErrorsEn: typeof fieldErrorsId = {
  unavailable: 'This time is no longer free.',
  required: 'Required.',
  too_short: 'Too short.',
  too_long: 'Too long.',
  control_character: 'Contains a character that is not allowed.',
  overlapping: 'Overlaps with another time.',
  login_taken: 'This user name is already taken.',
  unknown_value: 'This value is not known.',
  type: 'This is not the right kind of value.',
}
