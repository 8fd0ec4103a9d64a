// The seal of the host's name: the same each time somebody logs in here, and another one at an address that only looks like it.
class HostSeal {
  hash = $state('');

  constructor() {
    const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
    void subtle?.digest('SHA-256', new TextEncoder().encode(location.host)).then((octets) => {
      this.hash = Array.from(new Uint8Array(octets), (b) => b.toString(16).padStart(2, '0')).join('');
    });
  }
}

export const hostSeal = new HostSeal();
