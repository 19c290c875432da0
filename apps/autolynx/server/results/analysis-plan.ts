/** What the provider's model is asked to tell of each call: https://docs.vapi.ai/assistants/call-analysis */
export const analysisPlan = {
  summaryPlan: { enabled: true },
  successEvaluationPlan: { enabled: true, rubric: "PassFail" },
  structuredDataPlan: {
    enabled: true,
    schema: {
      type: "object",
      properties: {
        outcome: {
          type: "string",
          enum: ["interested", "not_interested", "call_back_later", "wrong_person", "unclear"],
          description: "What the call came to",
        },
        sentiment: {
          type: "string",
          enum: ["positive", "neutral", "negative"],
          description: "How the person felt about it at the end",
        },
        doNotCall: {
          type: "boolean",
          default: false,
          description: "True only if the person asked not to be called again",
        },
        followUp: { type: "string", description: "What was promised to them, empty if nothing" },
      },
      required: ["outcome", "sentiment", "doNotCall"],
    },
  },
} as const;
