// Has clients do what steps.json says, each over a connection of its own, and prints what they were answered.

import { readFile } from "node:fs/promises";

const STEPS = JSON.parse(await readFile(new URL("steps.json", import.meta.url), "utf8"));

/** What the test gave: how to start a server, and where one listens. */
export const { server, address } = JSON.parse(process.argv[2]);

/** The answer of a user who is asked, and all questions so far. */
class User {
  asked = [];
  consent = { action: "cancel" };

  answer = ({ params }) => {
    this.asked.push({ message: params.message, form: params.requestedSchema });
    return this.consent;
  };
}

async function answers(name, connect) {
  const user = new User();
  const { client, ...told } = await connect(user.answer);
  let uid = "";
  for (const { as, method, params, consent } of STEPS) {
    if (consent) user.consent = consent;
    const filled = JSON.parse(JSON.stringify(params ?? {}).replaceAll("$name", name).replaceAll("$uid", uid));
    try {
      told[as] = await client[method](filled);
    } catch (error) {
      told[as] = { error: { code: error.code, message: error.message.replace(/^MCP error -?\d+: /, "") } };
    }
    uid = told.created?.structuredContent?.uid ?? uid;
  }
  await client.close();
  return { ...told, asked: user.asked };
}

/** Prints one JSON document: by the name of each connection, what it was answered. */
export async function print(connections) {
  const told = Object.entries(connections).map(async ([name, connect]) => [name, await answers(name, connect)]);
  console.log(JSON.stringify(Object.fromEntries(await Promise.all(told))));
}
