/** Shapes of conversations and messages. */
import type { AnswerOf, QueryOf, Schemas } from './contract'

export type ConversationState = Schemas['ConversationState']
export type Attachment = Schemas['FileInfo']
export type Message = Schemas['Message']
export type MessagePage = AnswerOf<'GET /conversations/{id}/messages'>
/** How far one side has received and read. `read_seq` is null when that side hides it. */
export type Watermarks = Schemas['Marks']
export type Conversation = Schemas['Conversation']
export type ConversationPage = AnswerOf<'GET /conversations'>
export type ConversationQuery = QueryOf<'GET /conversations'>
export type ConversationScope = NonNullable<ConversationQuery['scope']>
export type MarkAnswer = Schemas['OwnMarks']
export type MessageHit = Schemas['FoundMessage']
export type PrivateNote = Schemas['Note']
export type CannedReply = Schemas['CannedReply']
export type ChatPreferences = Schemas['ChatPreferences']
export type MessageRead = Schemas['EventData']['message.read']
export type ConversationChanged = Schemas['EventData']['conversation.changed']
