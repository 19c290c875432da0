/** GSM 03.38: one septet each. https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding */
const basic = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
/** Two septets each, which are never parted. */
const extended = new Set("\f^{}\\[~]|€");

export interface Segments {
  encoding: "GSM-7" | "UCS-2";
  count: number;
}

/**
 * In how many parts a text is sent. One part holds 160 septets or 70 UTF-16 units; of several, each has 7 septets or 3 units less, for the
 * header that joins them. https://www.twilio.com/docs/glossary/what-sms-character-limit
 */
export function segmentsOf(text: string): Segments {
  const characters = [...text];
  const isGsm = characters.every((character) => basic.has(character) || extended.has(character));
  const widths = characters.map((character) =>
    isGsm ? (extended.has(character) ? 2 : 1) : character.length,
  );
  const [single, joined] = isGsm ? [160, 153] : [70, 67];
  const encoding = isGsm ? "GSM-7" : "UCS-2";
  if (widths.reduce((sum, width) => sum + width, 0) <= single) return { encoding, count: 1 };
  let count = 1;
  let used = 0;
  for (const width of widths) {
    if (used + width > joined) {
      count++;
      used = 0;
    }
    used += width;
  }
  return { encoding, count };
}
