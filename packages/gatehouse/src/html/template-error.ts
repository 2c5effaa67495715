/** A mistake of the template's author: the template cannot be rendered safely whatever the values are. */
export class TemplateError extends TypeError {
  override readonly name = "TemplateError";
}
