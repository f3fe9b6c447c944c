// What both processes of the peer are told by their environment, and the clients that they talk through.
import { Redis } from 'ioredis';
import OpenAI from 'openai';
import postgres from 'postgres';

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);

export const settings = {
  port: number('PORT', 0),
  model: process.env.MODEL ?? 'peer',
  judges: number('JUDGE_CALLS', 3),                  // calls side by side before the questions are derived
  callsPerQuestion: number('CALLS_PER_QUESTION', 3), // one after another
  concurrency: number('CONCURRENCY', 400),           // jobs of one kind at once
  drainMs: number('DRAIN_MS', 25),                   // how often a viewer's queue is emptied
};
export const CHANNEL = 'advice_changed';
export const QUEUES = { research: 'research', question: 'question', advice: 'advice' };
export const FORGET = { removeOnComplete: true, removeOnFail: 500 };

export const connectPostgres = () => postgres(process.env.DATABASE_URL, { onnotice() {} }); // its pool of 10
export const connectRedis = () => new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
export const connectModel = () => new OpenAI({ apiKey: 'none', baseURL: process.env.OPENAI_BASE_URL });
