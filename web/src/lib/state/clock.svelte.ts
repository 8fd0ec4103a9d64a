// The time that relative times are told by; it moves on every 15 s.
class Clock {
  now = $state(Date.now());
  constructor() {
    setInterval(() => (this.now = Date.now()), 15000);
  }
}
export const clock = new Clock();
