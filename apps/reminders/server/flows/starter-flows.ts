import type { Flow } from "./flow.ts";

const unclear = {
  en: "Sorry, I did not understand. Please answer YES or NO.",
  es: "Perdón, no le entendí. Responda SÍ o NO.",
  fr: "Désolé, je n'ai pas compris. Répondez OUI ou NON.",
  de: "Das habe ich nicht verstanden. Bitte antworten Sie JA oder NEIN.",
};

/** What a new installation begins with; operators change them as they like. */
export const starterFlows: { id: string; name: string; flow: Flow }[] = [
  {
    id: "medication",
    name: "Medication",
    flow: {
      start: "ask",
      states: {
        ask: {
          say: {
            en: "Hello {{name}}, it is time for: {{title}}. Have you taken it? Answer YES or NO.",
            es: "Hola {{name}}, es la hora de: {{title}}. ¿Lo ha tomado? Responda SÍ o NO.",
            fr: "Bonjour {{name}}, c'est l'heure de : {{title}}. L'avez-vous pris ? Répondez OUI ou NON.",
            de: "Hallo {{name}}, es ist Zeit für: {{title}}. Haben Sie es genommen? Antworten Sie JA oder NEIN.",
          },
          listen: {
            answers: [
              { when: { yes: true }, key: "1", goto: "taken" },
              { when: { no: true }, key: "2", goto: "why" },
            ],
            unclear: { say: unclear, times: 2, goto: "missed" },
            silence: { after: "1 hour", goto: "again" },
          },
        },
        again: {
          say: {
            en: "{{name}}, have you taken {{title}}? Answer YES or NO.",
            es: "{{name}}, ¿ha tomado {{title}}? Responda SÍ o NO.",
            fr: "{{name}}, avez-vous pris {{title}} ? Répondez OUI ou NON.",
            de: "{{name}}, haben Sie {{title}} genommen? Antworten Sie JA oder NEIN.",
          },
          listen: {
            answers: [
              { when: { yes: true }, key: "1", goto: "taken" },
              { when: { no: true }, key: "2", goto: "why" },
            ],
            unclear: { say: unclear, times: 2, goto: "missed" },
            silence: { after: "1 hour", goto: "missed" },
          },
        },
        why: {
          say: {
            en: "Is something wrong? Tell us in a few words, or answer LATER.",
            es: "¿Ocurre algo? Cuéntenos en pocas palabras, o responda LUEGO.",
            fr: "Y a-t-il un problème ? Dites-le en quelques mots, ou répondez PLUS TARD.",
            de: "Stimmt etwas nicht? Sagen Sie es uns kurz, oder antworten Sie SPÄTER.",
          },
          listen: {
            answers: [
              { when: { words: ["later", "luego", "plus tard", "später"] }, key: "1", goto: "declined" },
              {
                when: {
                  words: [
                    "pain",
                    "dizzy",
                    "fell",
                    "bad",
                    "help",
                    "dolor",
                    "mareo",
                    "mal",
                    "douleur",
                    "vertige",
                    "tombé",
                    "schmerz",
                    "schwindel",
                    "gestürzt",
                    "schlecht",
                  ],
                },
                save: "reason",
                key: "2",
                goto: "worrying",
              },
              { when: { anything: true }, save: "reason", goto: "declined" },
            ],
            unclear: { say: unclear, times: 1, goto: "declined" },
            silence: { after: "30 minutes", goto: "declined" },
          },
        },
        taken: {
          say: {
            en: "Thank you, {{name}}. Well done.",
            es: "Gracias, {{name}}.",
            fr: "Merci, {{name}}.",
            de: "Danke, {{name}}.",
          },
          end: "confirmed",
        },
        declined: {
          say: {
            en: "Noted. Take care, {{name}}.",
            es: "Anotado. Cuídese, {{name}}.",
            fr: "C'est noté. Prenez soin de vous.",
            de: "Notiert. Alles Gute, {{name}}.",
          },
          end: "declined",
        },
        worrying: {
          say: {
            en: "Thank you for telling us. We let somebody know.",
            es: "Gracias por decirlo. Avisamos a alguien.",
            fr: "Merci de nous l'avoir dit. Nous prévenons quelqu'un.",
            de: "Danke, dass Sie es sagen. Wir geben jemandem Bescheid.",
          },
          tell: {
            en: "{{name}} answered about {{title}}: {{reason}}. Please call them.",
            es: "{{name}} respondió sobre {{title}}: {{reason}}. Por favor, llame.",
            fr: "{{name}} a répondu au sujet de {{title}} : {{reason}}. Merci de l'appeler.",
            de: "{{name}} hat zu {{title}} geantwortet: {{reason}}. Bitte rufen Sie an.",
          },
          end: "worrying",
        },
        missed: { end: "missed" },
      },
    },
  },
  {
    id: "check-in",
    name: "Daily check-in",
    flow: {
      start: "ask",
      states: {
        ask: {
          say: {
            en: "Good day, {{name}}. How do you feel, from 1 (bad) to 5 (very well)?",
            es: "Buenos días, {{name}}. ¿Cómo se siente, de 1 (mal) a 5 (muy bien)?",
            fr: "Bonjour {{name}}. Comment allez-vous, de 1 (mal) à 5 (très bien) ?",
            de: "Guten Tag, {{name}}. Wie geht es Ihnen, von 1 (schlecht) bis 5 (sehr gut)?",
          },
          listen: {
            answers: [
              { when: { number: { from: 1, to: 2 } }, save: "mood", goto: "worrying" },
              { when: { number: { from: 3, to: 5 } }, save: "mood", goto: "well" },
            ],
            unclear: {
              say: {
                en: "Please answer with a number from 1 to 5.",
                es: "Responda con un número del 1 al 5.",
                fr: "Répondez par un nombre de 1 à 5.",
                de: "Bitte antworten Sie mit einer Zahl von 1 bis 5.",
              },
              times: 2,
              goto: "missed",
            },
            silence: { after: "2 hours", goto: "missed" },
          },
        },
        well: {
          say: {
            en: "Good to hear. Until tomorrow!",
            es: "Me alegro. ¡Hasta mañana!",
            fr: "Très bien. À demain !",
            de: "Das freut uns. Bis morgen!",
          },
          end: "confirmed",
        },
        worrying: {
          say: {
            en: "We are sorry to hear that and let somebody know.",
            es: "Lo sentimos y avisamos a alguien.",
            fr: "Nous prévenons quelqu'un.",
            de: "Das tut uns leid. Wir geben jemandem Bescheid.",
          },
          tell: {
            en: "{{name}} feels {{mood}} of 5 today. Please call them.",
            es: "{{name}} se siente {{mood}} de 5 hoy. Por favor, llame.",
            fr: "{{name}} se sent à {{mood}} sur 5 aujourd'hui. Merci de l'appeler.",
            de: "{{name}} fühlt sich heute {{mood}} von 5. Bitte rufen Sie an.",
          },
          end: "worrying",
        },
        missed: { end: "missed" },
      },
    },
  },
  {
    id: "appointment",
    name: "Appointment",
    flow: {
      start: "ask",
      states: {
        ask: {
          say: {
            en: "{{name}}, a reminder of your appointment: {{title}}. Will you come? Answer YES or NO.",
            es: "{{name}}, le recordamos su cita: {{title}}. ¿Vendrá? Responda SÍ o NO.",
            fr: "{{name}}, rappel de votre rendez-vous : {{title}}. Viendrez-vous ? Répondez OUI ou NON.",
            de: "{{name}}, zur Erinnerung an Ihren Termin: {{title}}. Kommen Sie? Antworten Sie JA oder NEIN.",
          },
          listen: {
            answers: [
              { when: { yes: true }, key: "1", goto: "coming" },
              { when: { no: true }, key: "2", goto: "cancelled" },
            ],
            unclear: { say: unclear, times: 2, goto: "missed" },
            silence: { after: "4 hours", goto: "missed" },
          },
        },
        coming: {
          say: { en: "See you then.", es: "Hasta entonces.", fr: "À bientôt.", de: "Bis dann." },
          end: "confirmed",
        },
        cancelled: {
          say: {
            en: "We cancel it. Thank you for telling us.",
            es: "La cancelamos. Gracias por avisar.",
            fr: "Nous l'annulons. Merci de prévenir.",
            de: "Wir sagen ihn ab. Danke für die Nachricht.",
          },
          end: "declined",
        },
        missed: { end: "missed" },
      },
    },
  },
];
