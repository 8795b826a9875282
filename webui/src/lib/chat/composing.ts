// Enter takes a word over from an input method, as Chinese and Japanese are written with, and is then no Enter of
// ours. WebKit says so only by a number: there the composing is over before the key that ended it is told.
const BY_THE_METHOD = 229

export const composes = ({ isComposing, keyCode }: Pick<KeyboardEvent, 'isComposing' | 'keyCode'>): boolean =>
  isComposing || keyCode === BY_THE_METHOD
