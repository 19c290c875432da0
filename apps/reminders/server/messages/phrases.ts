import type { Texts } from "../flows/flow.ts";

/** What the service itself says, outside any flow. Every language has English to fall back to. */
export const phrases = {
  missed: (name: string, title: string, times: number): Texts => ({
    en: `${name} has not answered "${title}" ${times} ${times === 1 ? "time" : "times"} in a row. Please look after them.`,
    es: `${name} no ha respondido a "${title}" ${times} ${times === 1 ? "vez" : "veces"} seguidas. Por favor, póngase en contacto.`,
    fr: `${name} n'a pas répondu à « ${title} » ${times} fois de suite. Merci de prendre de ses nouvelles.`,
    de: `${name} hat auf „${title}“ ${times}-mal in Folge nicht geantwortet. Bitte sehen Sie nach.`,
  }),
  stopped: {
    en: "You will get no more messages from us. Reply START to begin again.",
    es: "No recibirá más mensajes nuestros. Responda INICIO para volver a empezar.",
    fr: "Vous ne recevrez plus de messages de notre part. Répondez DEBUT pour reprendre.",
    de: "Sie erhalten keine Nachrichten mehr von uns. Antworten Sie START, um wieder zu beginnen.",
  },
  started: {
    en: "You will get your reminders again. Reply STOP at any time to end them.",
    es: "Recibirá de nuevo sus recordatorios. Responda ALTO en cualquier momento para terminarlos.",
    fr: "Vous recevrez de nouveau vos rappels. Répondez ARRET à tout moment pour les arrêter.",
    de: "Sie erhalten wieder Ihre Erinnerungen. Mit STOPP beenden Sie sie jederzeit.",
  },
  help: {
    en: "These are your reminders. Answer the question as asked, or reply STOP to end all messages.",
    es: "Estos son sus recordatorios. Responda a la pregunta, o ALTO para terminar todos los mensajes.",
    fr: "Ce sont vos rappels. Répondez à la question posée, ou ARRET pour arrêter tous les messages.",
    de: "Das sind Ihre Erinnerungen. Antworten Sie auf die Frage, oder STOPP, um alle Nachrichten zu beenden.",
  },
  nothingOpen: {
    en: "Thank you. There is no open question right now; the next reminder will come at its time.",
    es: "Gracias. No hay ninguna pregunta abierta ahora; el próximo recordatorio llegará a su hora.",
    fr: "Merci. Aucune question n'est ouverte pour le moment ; le prochain rappel viendra à son heure.",
    de: "Danke. Gerade ist keine Frage offen; die nächste Erinnerung kommt zu ihrer Zeit.",
  },
  unknownNumber: {
    en: "This number sends reminders to people who are registered. We do not know yours and will not write again.",
  },
  invitation: {
    en: "Would you like reminders by text from this number? Reply START to agree, STOP to decline. Message rates may apply.",
    es: "¿Desea recibir recordatorios de este número? Responda INICIO para aceptar, ALTO para rechazar.",
    fr: "Souhaitez-vous recevoir des rappels de ce numéro ? Répondez DEBUT pour accepter, ARRET pour refuser.",
    de: "Möchten Sie Erinnerungen von dieser Nummer? Antworten Sie START zum Zustimmen, STOPP zum Ablehnen.",
  },
  /** On the telephone, where no conversation is open. */
  goodbye: {
    en: "There is no open question right now. Goodbye.",
    es: "No hay ninguna pregunta abierta ahora. Adiós.",
    fr: "Aucune question n'est ouverte pour le moment. Au revoir.",
    de: "Gerade ist keine Frage offen. Auf Wiederhören.",
  },
} satisfies Record<string, Texts | ((...given: never[]) => Texts)>;

export function inLanguage(texts: Texts, language: string): string {
  return texts[language] ?? texts["en"]!;
}
