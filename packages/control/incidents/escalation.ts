export interface EscalationState {
  nextAtMs: number | null;
}
