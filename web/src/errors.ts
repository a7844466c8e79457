/** Every error that this package throws, in one tree, with the names that they have in Python. */

/** The root of all errors. message: the fact, with the hint behind it; hint: what to do about it, may be empty. */
export class ImveilError extends Error {
  readonly hint: string;

  constructor(fact: string, hint = "") {
    super(hint ? `${fact}; ${hint}` : fact);
    this.hint = hint;
  }
}

/** What was given cannot be used. */
export class BadInput extends ImveilError {}
/** An array, a block or a plan has the wrong size. */
export class BadShape extends BadInput {}
/** An array holds the wrong kind of numbers; images are uint8. */
export class BadDtype extends BadInput {}
/** A scheme has no such field, or the field does not take that value. */
export class BadField extends BadInput {}
/** Key material is malformed, or known to be weak. */
export class BadMaterial extends BadInput {}
/** The ids of images are missing, repeated, or not as many as the images. */
export class BadIds extends BadInput {}
/** A file is not an image, is broken, or cannot be read here with the pixels that Python reads. */
export class BadImage extends BadInput {}
/** There is no scheme of that name. */
export class UnknownName extends ImveilError {}
/** This cannot be decrypted, by design. */
export class NotInvertible extends ImveilError {}
/** Something is wrong with a key. No message of this branch ever holds secret bytes. */
export class KeyProblem extends ImveilError {}
/** A key file is empty, foreign, cut off or altered. */
export class BadKeyFile extends KeyProblem {}
/** The passphrase does not open the key file. */
export class WrongPassphrase extends KeyProblem {}
/** Someone tried to serialise a secret. */
export class SecretLeak extends KeyProblem {}
/** Cipher images and model do not belong together: scheme, fields or key differ. */
export class Mismatch extends ImveilError {}
/** This browser, or the way the page was opened, lacks what is needed. */
export class Unavailable extends ImveilError {}
/** The server answered with an error, or with what no server of this protocol answers. */
export class ServerProblem extends ImveilError {
  readonly status: number;

  constructor(fact: string, status = 0, hint = "") {
    super(fact, hint);
    this.status = status;
  }
}

// Written out, because a minifier renames classes.
const ALL = {
  ImveilError, BadInput, BadShape, BadDtype, BadField, BadMaterial, BadIds,
  BadImage, UnknownName, NotInvertible, KeyProblem, BadKeyFile, WrongPassphrase, SecretLeak, Mismatch, Unavailable,
  ServerProblem,
};
for (const [name, error] of Object.entries(ALL)) error.prototype.name = name;
