/** A MongoDB URL with the first of its hosts alone: several are no URL to the standard parser, and what stands around them is asked for. */
export const withFirstHost = (url: string): string =>
  url.replace(/^(mongodb:\/\/(?:[^@/]*@)?[^,/?@]+)(?:,[^,/?@]+)+/, '$1')
