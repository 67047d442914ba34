/// <reference types="vite/client" />

/** Folder PDF.js loads its fonts and decoders from; set by vite/pdfjsResources.ts. */
declare const __PDFJS_RESOURCES__: string
