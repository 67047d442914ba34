/**
 * The HTTP contract as types. All of them are derived from `schema.d.ts`, which `scripts/generate-types.mjs` makes from `docs/openapi.json`: a path, a
 * parameter, a body or an answer that the server does not know is a type error.
 */
import type { components, paths } from './schema'

/** The shapes of the API by their names in `docs/openapi.json`. */
export type Schemas = components['schemas']

type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Operation = { parameters: object; responses: object }
type OperationsOf<P extends keyof paths> = {
  [V in Verb]: paths[P][Lowercase<V>] extends Operation ? `${V} ${P}` : never
}[Verb]

/** An endpoint: method and path below `/api/v1`, such as `GET /alerts`. */
export type Route = { [P in keyof paths]: OperationsOf<P> }[keyof paths]

type OperationOf<R extends Route> = R extends `${infer V extends Verb} ${infer P extends keyof paths}` ? paths[P][Lowercase<V>] : never
type ParametersOf<R extends Route> = OperationOf<R> extends { parameters: infer P } ? P : never
/** A group of parameters; openapi-typescript says `never` where an endpoint has none. */
type PartOf<R extends Route, Name extends 'query' | 'header'> =
  ParametersOf<R> extends { [N in Name]?: infer P } ? ([P] extends [undefined] ? object : NonNullable<P>) : object
type ContentOf<R extends Route> = OperationOf<R> extends { requestBody: { content: infer C } } ? C : object

/** The parameters in the query of an endpoint, as documented. */
export type QueryOf<R extends Route> = PartOf<R, 'query'>

/** What a list can be narrowed to; an empty value lets everything through. */
export type FilterOf<R extends Route> = Emptiable<Omit<QueryOf<R>, 'after'>>

/** The JSON body that an endpoint takes. */
export type BodyOf<R extends Route> = ContentOf<R> extends { 'application/json': infer B } ? B : never

/** The fields of the form that an endpoint takes. */
export type FormOf<R extends Route> = ContentOf<R> extends { 'multipart/form-data': infer F extends object } ? F : never

type JsonOf<Response> = Response extends { content: { 'application/json': infer Body } } ? Body : undefined
type ResponsesOf<R extends Route> = OperationOf<R> extends { responses: infer All } ? All : never
type Success = 200 | 201 | 202 | 204

/** The JSON of the answer; `undefined` where an endpoint answers 204. */
export type AnswerOf<R extends Route> = { [S in keyof ResponsesOf<R> & Success]: JsonOf<ResponsesOf<R>[S]> }[keyof ResponsesOf<R> & Success]

/** One item of the list that an endpoint answers with. */
export type ItemOf<R extends Route> = AnswerOf<R> extends { items: (infer Item)[] } ? Item : never

/** An endpoint that takes a form. */
export type FormRoute = { [R in Route]: [FormOf<R>] extends [never] ? never : R }[Route]

type PathPart<R extends Route> = ParametersOf<R> extends { path: infer P extends object } ? { path: P } : { path?: undefined }
/** The client leaves out query values that are null or empty. */
type QueryPart<R extends Route> = object extends QueryOf<R> ? { query?: Emptiable<QueryOf<R>> } : { query: Emptiable<QueryOf<R>> }
type Emptiable<Q> = { [Name in keyof Q]: Q[Name] | null | '' }
type BodyPart<R extends Route> = [BodyOf<R>] extends [never] ? { body?: undefined } : { body: BodyOf<R> }
type KeyPart<R extends Route> = 'Idempotency-Key' extends keyof PartOf<R, 'header'>
  ? {
      /** Sent as `Idempotency-Key`: the same key again gets the first answer. */
      idempotencyKey?: string
    }
  : { idempotencyKey?: undefined }

/** The parameters in the address of an endpoint. */
export type AddressOf<R extends Route> = PathPart<R> & QueryPart<R>
/** Everything an endpoint is told. */
export type Told<R extends Route> = AddressOf<R> & BodyPart<R> & KeyPart<R>
/** An argument that may be left out when no part of it is required. */
export type Argument<T> = object extends T ? [argument?: T] : [argument: T]
