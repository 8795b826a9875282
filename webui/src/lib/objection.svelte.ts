// What there is against a form as it is filled in: a sentence, and the field that it is about.
import { Refusal } from './api/client'
import { told } from './i18n/index.svelte'
import { sentenceOf } from './store/actions'

export class Objection {
  text = $state('')
  /** As the server names it: "url", "models[2].price". */
  field = $state<string | null>(null)

  /** The form's own. */
  say(text: string, field: string): void {
    this.text = text
    this.field = field
  }

  /** The studio's, with what can be done about it. */
  take(error: unknown): void {
    const problem = error instanceof Refusal ? error.problem : null
    this.text = [sentenceOf(error), problem ? told(problem.next_action) : ''].filter(Boolean).join(' ')
    this.field = problem?.field ?? null
  }

  /** For aria-invalid: whether it is about this field, or a part of it. */
  of(name: string): true | undefined {
    return this.field?.split(/[.[]/)[0] === name ? true : undefined
  }
}
