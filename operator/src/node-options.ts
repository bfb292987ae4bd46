/**
 * `NODE_OPTIONS` for the operator's process. Without bounds V8 lets garbage stand until there is much of it: with 1,000 KafkaTopics and 500
 * Scalers the process then had 393–521 MiB resident, and 203–227 MiB with a small young generation and a bounded old one, for the same
 * times (2 cores, `npm run bench:operator`; the old generation was bounded at 128 there).
 */
export const operatorNodeOptions = '--max-semi-space-size=2 --max-old-space-size=160'
