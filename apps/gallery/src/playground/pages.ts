import { html, type Html, type Renderable } from "gatehouse/html";
import type { Example } from "./example.ts";

/** A file as it is shown. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** What the page of an example consists of. */
export interface ExampleParts {
  readonly example: Example;
  /** The running component. */
  readonly content: Renderable;
  readonly sources: readonly Source[];
  /** Whether it shows a form that was refused. */
  readonly refused: boolean;
}

/** All examples, a card for each. */
export function indexPage(examples: readonly Example[]): Html {
  return html`<main id="content" class="column wide" tabindex="-1">
    <header class="lead">
      <h1>Playground</h1>
      <p>
        Worked examples of live components. Each one runs here, behind every guard, and is explained by its own source. All
        of them work without scripts, and by keyboard alone.
      </p>
    </header>
    <ul class="examples">
      ${examples.map(
        ({ slug, title, summary, shows }) =>
          html`<li class="card example-card">
            <h2><a href="/playground/${slug}">${title}</a></h2>
            <p>${summary}</p>
            ${tags(shows)}
          </li>`,
      )}
    </ul>
  </main>`;
}

/** One example: running, what to try, and its source. */
export function examplePage({ example, content, sources, refused }: ExampleParts): Html {
  const { slug, title, summary, shows, tasks } = example;
  return html`<main id="content" class="column wide" tabindex="-1">
    <header class="lead">
      <p class="trail"><a href="/playground">All examples</a></p>
      <h1>${title}</h1>
      <p>${summary}</p>
      ${tags(shows)}
    </header>
    ${
      refused &&
      html`<div class="notice problem">
        <h2>Please check what you entered</h2>
        <p>Nothing has been saved yet. <a href="/playground/${slug}">Begin anew</a></p>
      </div>`
    }
    <div class="example ${refused && "refused"}">
      <section class="card stage" aria-labelledby="example-stage">
        <h2 id="example-stage" class="visually-hidden">The example</h2>
        ${content}
      </section>
      <section class="tasks" aria-labelledby="example-tasks">
        <h2 id="example-tasks">What to try</h2>
        <ul>
          ${tasks.map((task) => html`<li>${task}</li>`)}
        </ul>
      </section>
    </div>
    <section aria-labelledby="example-source">
      <div class="section-head">
        <h2 id="example-source">How it is made</h2>
        <p>All there is to it.</p>
      </div>
      ${sources.map(
        ({ name, text }) =>
          html`<figure class="source">
            <figcaption>${name}</figcaption>
            <pre tabindex="0" aria-label="Source of ${name}" role="region"><code>${text}</code></pre>
          </figure>`,
      )}
    </section>
  </main>`;
}

function tags(shows: readonly string[]): Html {
  return html`<ul class="tags" aria-label="Shows">
    ${shows.map((what) => html`<li>${what}</li>`)}
  </ul>`;
}
