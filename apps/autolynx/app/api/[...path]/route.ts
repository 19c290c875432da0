import { app } from "../../../server/http/app.ts";

export const dynamic = "force-dynamic";
export const maxDuration = 60;

const handle = (request: Request): Response | Promise<Response> => app.fetch(request);

export { handle as DELETE, handle as GET, handle as PATCH, handle as POST };
