// One question at a time, asked only before something that kills running requests.

export interface Question {
  title: string
  text: string
  action: string
}

class Confirmation {
  question = $state.raw<Question | null>(null)
  private resolve: ((sure: boolean) => void) | null = null

  ask(question: Question): Promise<boolean> {
    this.answer(false)
    this.question = question
    return new Promise((resolve) => {
      this.resolve = resolve
    })
  }

  answer(sure: boolean): void {
    this.resolve?.(sure)
    this.resolve = null
    this.question = null
  }
}

export const confirmation = new Confirmation()
export const confirm = (question: Question): Promise<boolean> => confirmation.ask(question)
