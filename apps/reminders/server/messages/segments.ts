// https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding
const basic = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
/** Two septets each. */
const extended = new Set("^{}\\[~]|€\f");

export interface Segments {
  encoding: "GSM-7" | "UCS-2";
  /** Septets, or units of 16 bits. */
  units: number;
  /** What is paid for. */
  count: number;
}

/** How many segments a text is sent in. */
export function segmentsOf(text: string): Segments {
  let septets = 0;
  for (const character of text) {
    if (basic.has(character)) septets += 1;
    else if (extended.has(character)) septets += 2;
    else return unicode(text);
  }
  return { encoding: "GSM-7", units: septets, count: septets <= 160 ? 1 : Math.ceil(septets / 153) };
}

function unicode(text: string): Segments {
  return {
    encoding: "UCS-2",
    units: text.length,
    count: text.length <= 70 ? 1 : Math.ceil(text.length / 67),
  };
}
