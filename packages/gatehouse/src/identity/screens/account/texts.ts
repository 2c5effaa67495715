import { defineTexts } from "../translation.ts";

/** What pages say on which people join and get back in. */
export const accountTexts = defineTexts({
  en: {
    register: "Create an account",
    registerWhy: "You get a letter with a link to go on with.",
    sendLetter: "Send the letter",
    letterSent: "Look into your mailbox",
    registerSent: (email: string) => `A letter is on its way to ${email}. Its link is good for a week.`,
    resetSent: (email: string) =>
      `If there is an account with the address ${email}, a letter is on its way. Its link is good for half an hour.`,
    letterMissing: "If nothing arrives, look among what was sorted out as unwanted, and check the address.",
    backToSignIn: "Back to signing in",
    emailInvalid: "Enter an e-mail address.",

    join: "Your account",
    joinWhy: (service: string) => `Choose a name and a password for ${service}.`,
    name: "Name",
    nameMissing: "Enter a name.",
    newPassword: "New password",
    passwordHint: "At least 15 characters. Several unrelated words are easy to keep in mind and hard to guess.",
    create: "Create the account",
    joined: "Your account is ready",
    joinedWhy: "You can sign in with your e-mail address and your password from now on.",
    signInThere: "Go back to the application and sign in there.",

    verify: "Confirm your address",
    verifyWhy: "Confirm that this address is yours, if you asked for it.",
    verifyNow: "Confirm the address",
    verified: "Your address is confirmed",
    verifiedWhy: "You can close this page.",

    newEmail: "Your new address",
    newEmailWhy:
      "Your account is to have this address from now on, and you are signed out everywhere. Go on only if the letter names your account.",
    newEmailNow: "Use this address",
    newEmailDone: "Your address has changed",
    newEmailDoneWhy: "You were signed out everywhere. Sign in with the new address.",

    forgotten: "Forgot your password?",
    forgottenWhy: "Enter the address of your account. You get a letter with a link to choose a new password.",
    reset: "Choose a new password",
    resetWhy: "It takes the place of the old one, and you are signed out everywhere.",
    setPassword: "Set the password",
    resetDone: "Your new password is set",
    resetDoneWhy: "You were signed out everywhere. Sign in with the new password.",

    passwordMalformed: "The password has characters that are not text.",
    passwordShort: "The password needs at least 15 characters. Several words are fine.",
    passwordShortBeside: "The password needs at least 8 characters. Several words are fine.",
    passwordLong: "The password may have at most 256 characters.",
    passwordLikeName: "The password is too much like your name or address.",
    passwordBreached: "This password is known from a breach elsewhere. Choose another.",
    passwordGuessable: "The password is easy to guess. Several unrelated words are not.",

    linkOver: "This link does not lead any further",
    linkOverWhy: "It is wrong, used up or expired.",
    askAgain: "Ask for a new letter",
    askInviter: "Ask whoever has invited you for a new one.",
  },
  de: {
    register: "Konto anlegen",
    registerWhy: "Sie bekommen einen Brief mit einem Link, mit dem es weitergeht.",
    sendLetter: "Brief senden",
    letterSent: "Sehen Sie in Ihr Postfach",
    registerSent: (email) => `Ein Brief an ${email} ist unterwegs. Der Link darin gilt eine Woche.`,
    resetSent: (email) =>
      `Wenn es ein Konto mit der Adresse ${email} gibt, ist ein Brief unterwegs. Der Link darin gilt eine halbe Stunde.`,
    letterMissing: "Kommt nichts an, sehen Sie unter dem Aussortierten nach und prüfen Sie die Adresse.",
    backToSignIn: "Zurück zur Anmeldung",
    emailInvalid: "Geben Sie eine E-Mail-Adresse ein.",

    join: "Ihr Konto",
    joinWhy: (service) => `Wählen Sie einen Namen und ein Passwort für ${service}.`,
    name: "Name",
    nameMissing: "Geben Sie einen Namen ein.",
    newPassword: "Neues Passwort",
    passwordHint:
      "Mindestens 15 Zeichen. Mehrere Wörter ohne Zusammenhang sind leicht zu merken und schwer zu erraten.",
    create: "Konto anlegen",
    joined: "Ihr Konto ist bereit",
    joinedWhy: "Sie können sich ab jetzt mit E-Mail-Adresse und Passwort anmelden.",
    signInThere: "Gehen Sie zurück zur Anwendung und melden Sie sich dort an.",

    verify: "Adresse bestätigen",
    verifyWhy: "Bestätigen Sie, dass diese Adresse Ihre ist, wenn Sie darum gebeten haben.",
    verifyNow: "Adresse bestätigen",
    verified: "Ihre Adresse ist bestätigt",
    verifiedWhy: "Sie können diese Seite schließen.",

    newEmail: "Ihre neue Adresse",
    newEmailWhy:
      "Ihr Konto soll ab jetzt diese Adresse haben, und Sie werden überall abgemeldet. Fahren Sie nur fort, wenn der Brief Ihr Konto nennt.",
    newEmailNow: "Diese Adresse verwenden",
    newEmailDone: "Ihre Adresse hat sich geändert",
    newEmailDoneWhy: "Sie wurden überall abgemeldet. Melden Sie sich mit der neuen Adresse an.",

    forgotten: "Passwort vergessen?",
    forgottenWhy:
      "Geben Sie die Adresse Ihres Kontos ein. Sie bekommen einen Brief mit einem Link, um ein neues Passwort zu wählen.",
    reset: "Neues Passwort wählen",
    resetWhy: "Es tritt an die Stelle des alten, und Sie werden überall abgemeldet.",
    setPassword: "Passwort setzen",
    resetDone: "Ihr neues Passwort gilt",
    resetDoneWhy: "Sie wurden überall abgemeldet. Melden Sie sich mit dem neuen Passwort an.",

    passwordMalformed: "Das Passwort enthält Zeichen, die kein Text sind.",
    passwordShort: "Das Passwort braucht mindestens 15 Zeichen. Mehrere Wörter sind gut.",
    passwordShortBeside: "Das Passwort braucht mindestens 8 Zeichen. Mehrere Wörter sind gut.",
    passwordLong: "Das Passwort darf höchstens 256 Zeichen haben.",
    passwordLikeName: "Das Passwort ähnelt zu sehr Ihrem Namen oder Ihrer Adresse.",
    passwordBreached: "Dieses Passwort ist aus einem Datenleck bekannt. Wählen Sie ein anderes.",
    passwordGuessable: "Das Passwort ist leicht zu erraten. Mehrere Wörter ohne Zusammenhang sind es nicht.",

    linkOver: "Dieser Link führt nicht weiter",
    linkOverWhy: "Er ist falsch, verbraucht oder abgelaufen.",
    askAgain: "Neuen Brief anfordern",
    askInviter: "Bitten Sie um eine neue Einladung.",
  },
});

/** The texts of one language. */
export type AccountWords = (typeof accountTexts)["en"];
