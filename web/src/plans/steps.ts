/** Steps: plans and transforms one after the other, with the face of one. */

import type { Images } from "./images.js";
import type { Transform } from "./plan.js";

/** `first`, then `then`; plans among themselves are better composed with `after`. */
export class Steps implements Transform {
  constructor(
    readonly first: Transform,
    readonly then: Transform,
  ) {}

  apply(batch: Images): Images {
    return this.then.apply(this.first.apply(batch));
  }

  inverse(): Steps {
    return new Steps(this.then.inverse(), this.first.inverse());
  }
}
