// Where the window begins: who is asking, in which language, then the picture and its connection.
import { mount } from 'svelte'
import './styles/tokens.css'
import './styles/base.css'
import App from './App.svelte'
import { takeOwnerToken } from './lib/api/owner'
import { words } from './lib/i18n/index.svelte'
import { router } from './lib/router.svelte'
import { studio } from './lib/store/studio.svelte'

takeOwnerToken()
router.start()
void studio.run()
void words.start().then(() => mount(App, { target: document.getElementById('app')! }))
