import { app } from "../../../server/http/app.ts";

export const dynamic = "force-dynamic";
export const maxDuration = 10;

const handle = (request: Request): Response | Promise<Response> => app.fetch(request);

export { handle as GET };
