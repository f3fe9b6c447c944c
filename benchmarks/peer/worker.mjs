// The peer's jobs: research a matter, answer its questions, stream its advice.
import { Queue, Worker } from 'bullmq';
import { connectModel, connectPostgres, connectRedis, FORGET, QUEUES, settings } from './settings.mjs';

const sql = connectPostgres();
const model = connectModel();
const shared = connectRedis();
const questions = new Queue(QUEUES.question, { connection: shared });
const advices = new Queue(QUEUES.advice, { connection: shared });

function complete(prompt, options = {}) {
  return model.chat.completions.create({ model: settings.model, messages: [{ role: 'user', content: prompt }], ...options });
}

async function ask(prompt, options) {
  const reply = await complete(prompt, options);
  return reply.choices[0].message.content;
}

// As many calls as the product makes, and as many of them one after another: plan, judge side by side, derive.
async function research({ data: { matter, question } }) {
  const plan = await ask(`Where would you look?\n${question}`);
  const judged = await Promise.all(
    Array.from({ length: settings.judges }, (_, n) => ask(`Does source ${n} of ${plan} fit?\n${question}`)));
  const derived = JSON.parse(await ask(
    `Name the facts to ask for, as JSON {"questions": [{"content": "…"}]}.\n${judged.join('\n')}\n${question}`,
    { response_format: { type: 'json_object' } }));
  const wanted = derived.questions.map(({ content }) => ({ matter_id: matter, question: content }));
  const stored = await sql`INSERT INTO fact ${sql(wanted)} RETURNING id, question`;
  await questions.addBulk(stored.map((fact) => (
    { name: 'question', data: { fact: fact.id, matter, question: fact.question }, opts: FORGET })));
}

async function answerQuestion({ data: { fact, matter, question } }) {
  let known = '';
  for (let call = 0; call < settings.callsPerQuestion; call += 1) known = await ask(`${question}\nKnown: ${known}`);
  await sql`UPDATE fact SET answer = ${known} WHERE id = ${fact}`;
  const [{ missing }] = await sql`SELECT count(*)::int AS missing FROM fact WHERE matter_id = ${matter} AND answer IS NULL`;
  // Two that finish together both see none missing: the second job of that name is not taken.
  if (missing === 0) await advices.add('advice', { matter }, { ...FORGET, jobId: `advice-of-${matter}` });
}

async function writeAdvice({ data: { matter } }) {
  const facts = await sql`SELECT question, answer FROM fact WHERE matter_id = ${matter} ORDER BY id`;
  const prompt = `Advise.\n${facts.map((fact) => `${fact.question}: ${fact.answer}`).join('\n')}`;
  let text = '';
  for await (const chunk of await complete(prompt, { stream: true })) {
    text += chunk.choices[0]?.delta?.content ?? '';
    await sql`UPDATE advice SET text = ${text} WHERE matter_id = ${matter}`;
  }
  await sql`UPDATE advice SET complete = true WHERE matter_id = ${matter}`;
}

function work(queue, job) {
  const worker = new Worker(queue, job, { connection: connectRedis(), concurrency: settings.concurrency });
  worker.on('failed', (failed, error) => console.log(`failed ${queue} ${failed?.data.matter} ${error.code} ${error.message}`));
  return worker.waitUntilReady();
}

await Promise.all([work(QUEUES.research, research), work(QUEUES.question, answerQuestion), work(QUEUES.advice, writeAdvice)]);
console.log('peer worker is ready');
