import { html, type Html } from "gatehouse/html";
import { texts, type Language } from "../language.ts";

/** What the form is made from. */
export interface UploadFormParts {
  readonly eventId: string;
  readonly language: Language;
  readonly csrfToken: string;
  readonly nonce: string;
}

/** The form by which guests add photos: sent in pieces with the script, whole without. */
export function uploadForm({ eventId, language, csrfToken, nonce }: UploadFormParts): Html {
  const words = texts[language];
  return html`<form
      class="card uploads"
      method="post"
      enctype="multipart/form-data"
      action="/uploads?collection=${eventId}"
      data-resumable
      data-text-sending="${words.uploadSending}"
      data-text-paused="${words.uploadPaused}"
      data-text-retrying="${words.uploadRetrying}"
      data-text-done="${words.uploadDone}"
      data-text-waiting="${words.uploadDone}"
      data-text-published="${words.uploadPublished}"
      data-text-approval="${words.uploadApproval}"
      data-text-infected="${words.uploadRefused(words.refusedInfected)}"
      data-text-unscannable="${words.uploadRefused(words.refusedUnscannable)}"
      data-text-damaged="${words.uploadRefused(words.refusedDamaged)}"
      data-text-removed="${words.uploadRemoved}"
    >
      <input type="hidden" name="_csrf_token" value="${csrfToken}" />
      <h3>${words.addPhotos}</h3>
      <p>${words.addPhotosWhy}</p>
      <div class="field">
        <label for="photos">${words.choosePhotos}</label>
        <input id="photos" type="file" name="photos" multiple accept="image/*,video/*" />
      </div>
      <div class="field">
        <label for="camera">${words.takePhoto}</label>
        <input id="camera" type="file" name="camera" accept="image/*" capture="environment" />
      </div>
      <button class="button" type="submit" data-upload-plain>${words.uploadPhotos}</button>
      <p class="notice" data-upload-unfinished hidden>
        ${words.uploadUnfinished} <span data-upload-names></span>
      </p>
      <ul class="upload-list" data-upload-list aria-live="polite"></ul>
      <template data-upload-row>
        <li>
          <span data-upload-name></span>
          <progress aria-label="${words.uploadProgress}"></progress>
          <span data-upload-text></span>
          <button class="button quiet" type="button" data-upload-toggle>${words.uploadPauseOrGo}</button>
          <button class="button quiet" type="button" data-upload-cancel>${words.uploadCancel}</button>
        </li>
      </template>
    </form>
    <script type="module" nonce="${nonce}" src="/uploads/client.js"></script>`;
}
