/** What a body may bring without being counted: logins, unsealing and everyday writes never wait for others. */
export const freeBytes = 64 * 1024;
/** Twice the largest body, with what parsing adds, fits into the memory of a small machine several times. */
const usualRoomBytes = 128 * 1024 * 1024;

/**
 * The memory that large bodies share, whoever sends them: nobody has been asked for a token yet. Counted as bytes arrive,
 * not as they are announced, so that an announcement alone takes nothing from others.
 */
export class BodyRoom {
  readonly #mostBytes: number;
  #taken = 0;

  constructor(mostBytes = usualRoomBytes) {
    this.#mostBytes = mostBytes;
  }

  get takenBytes(): number {
    return this.#taken;
  }

  /** False when there is no room; nothing is taken then. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#mostBytes) return false;
    this.#taken += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
  }
}

/** What one body has of the room; without a room it has all it wants. */
export class BodyPlace {
  readonly #room: BodyRoom | undefined;
  #taken = 0;

  constructor(room: BodyRoom | undefined) {
    this.#room = room;
  }

  /** The body is `bytes` long by now. False when there is no room for that. */
  grow(bytes: number): boolean {
    const more = bytes - freeBytes - this.#taken;
    if (!this.#room || more <= 0) return true;
    if (!this.#room.take(more)) return false;
    this.#taken += more;
    return true;
  }

  giveBack(): void {
    this.#room?.giveBack(this.#taken);
    this.#taken = 0;
  }
}
