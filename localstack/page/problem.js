// What the server said against a request (RFC 9457), as an error that can be shown.

export class Problem extends Error {
  constructor(status, { title = '', detail = '' } = {}) {
    super(detail || title || `HTTP ${status}`);
    this.status = status;
  }

  /** From an answer that was not ok, whatever its body is. */
  static async from(answer) {
    return new Problem(answer.status, await answer.json().catch(() => ({})));
  }
}
