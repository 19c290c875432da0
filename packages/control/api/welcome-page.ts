/** What a browser sees at the platform's own address: public, so it names no app and no setting but its own address. */
export function welcomePage(origin: string): string {
  const { host } = new URL(origin);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Evenkeel</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { display: grid; place-content: center; min-height: 90vh; margin: 0; padding: 1rem }
main { max-width: 42rem }
h1 { font-size: 1.5rem; margin: 0 0 .5rem }
h2 { font-size: 1rem; margin: 1.5rem 0 .25rem }
pre { margin: 0; padding: .75rem 1rem; overflow-x: auto; border: 1px solid; border-radius: .5rem; font: .875rem/1.6 ui-monospace, monospace }
</style>
<main>
<h1>Evenkeel is up</h1>
<p>Apps answer at <code>&lt;app&gt;.${host}</code>.</p>
<h2>Deploy a folder</h2>
<pre tabindex="0">./evenkeel deploy path/to/app --app shop --prod</pre>
<h2>Deploy with git</h2>
<pre tabindex="0">git push http://token@${host}/shop.git main</pre>
<p>There, <code>token</code> stands for the content of <code>keys/api-token</code> in the data directory.</p>
<h2>See what runs</h2>
<pre tabindex="0">./evenkeel list
./evenkeel status</pre>
</main>
</html>
`;
}
