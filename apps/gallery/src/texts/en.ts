/** What is said of a refusal. */
export interface Refusal {
  readonly heading: string;
  readonly told: string;
}

/** How long to wait. */
export interface Waiting {
  readonly count: number;
  readonly unit: "second" | "minute";
}

const NO_REFUSALS: Readonly<Record<string, Refusal>> = {};

/** What the gallery says in English; the other languages say the same. */
export const en = {
  gallery: "Gallery",
  skip: "Skip to the content",
  playground: "Playground",
  events: "Events",
  newEvent: "New event",
  account: "Your account",
  signedInAs: (name: string): string => `Signed in as ${name}`,
  signIn: "Sign in",
  signOut: "Sign out",
  asGuest: "You are here as a guest",
  language: "Language",
  footer: "Every click here passes the guards of Gatehouse and leaves its trace in the audit trail.",

  noEvents: "There are no events yet.",
  yourEvents: "Your events",
  openEvents: "Open to everybody",
  welcomeStranger: "Were you invited? Scan the QR code on your table or open the link your hosts have sent you.",

  invited: "You are invited",
  comeIn: "Come in",
  comeInWhy: "Come in to see the photos of this event and to add your own. You need no account.",
  oneTimeLink: "This link lets you in once, on this device.",
  onlyInvited: "For invited guests",
  onlyInvitedWhy:
    "There is no event at this address, or it is for those who were invited. Scan the QR code at the party, or open the link its hosts have sent you.",

  checkForm: "Please check what you entered",
  nothingSaved: "Nothing has been saved yet.",
  backToEvent: "Back to the event",

  likes: "Likes",
  like: "Like",
  thisEvent: "this event,",
  likesSoFar: (count: number): string => (count === 1 ? "like so far" : "likes so far"),
  liked: "You like this.",
  notLiked: "Give the hosts a heart.",

  guestbook: "Guestbook",
  entryCount: (count: number): string => (count === 1 ? "1 entry" : `${count} entries`),
  noEntries: "Nobody has written yet. Be the first!",
  yourName: "Your name",
  yourMessage: "Your message",
  sign: "Sign the guestbook",
  signed: "Your entry is in the guestbook. Thank you!",
  moreEntries: "Show more entries",
  entriesShown: (count: number): string => `${count} entries shown.`,
  nameMissing: "Please tell us your name.",
  nameTooLong: "A name has at most 60 characters.",
  messageMissing: "Please write a few words.",
  messageTooLong: "An entry has at most 1000 characters.",

  eventTitle: "Title",
  eventHosts: "Hosts",
  eventPlace: "Place",
  eventDate: "Date",
  eventWelcome: "Welcome",
  eventWelcomeHint: "A few words that guests read first.",
  eventVisibility: "Who sees it",
  eventOpen: "Everybody may read the guestbook; photos are for guests",
  eventInvited: "Invited guests alone",
  eventApproval: "Photos of guests",
  eventApprovalAtOnce: "appear at once",
  eventApprovalByHosts: "appear when a host has approved them",
  createEvent: "Create the event",
  saveEvent: "Save",
  eventSaved: "Saved.",
  eventSettings: "Settings",
  photos: "Photos",
  photo: "Photo",
  video: "Video",
  noPhotos: "There are no photos yet. Add the first one!",
  morePhotos: "Show more photos",
  photosShown: (count: number): string => `${count} photos shown.`,
  photosChecking: (count: number): string =>
    count === 1 ? "One file of yours is being checked." : `${count} files of yours are being checked.`,
  photosWaiting: (count: number): string =>
    count === 1 ? "One file of yours waits for a host." : `${count} files of yours wait for a host.`,
  photosRefused: (count: number): string =>
    count === 1
      ? "One file of yours could not be shown: it is damaged, of another kind, or not safe."
      : `${count} files of yours could not be shown: they are damaged, of another kind, or not safe.`,
  photosForGuests: "The photos are for invited guests.",
  addPhotos: "Add photos and videos",
  addPhotosWhy: "They go on by themselves when the network drops. Places and other hidden data are taken out.",
  choosePhotos: "Choose photos and videos",
  takePhoto: "Take a photo",
  uploadPhotos: "Upload",
  uploadSending: "Sending",
  uploadPaused: "Paused",
  uploadRetrying: "Trying again",
  uploadDone: "Arrived, being checked",
  uploadPublished: "In the gallery",
  uploadApproval: "Arrived, waits for a host",
  uploadRefused: (why: string): string => `Refused: ${why}`,
  uploadRemoved: "Arrived, and not shown",
  uploadUnfinished: "Choose again what is not finished:",
  uploadProgress: "How much has been sent",
  uploadPauseOrGo: "Pause or go on",
  uploadCancel: "Cancel",
  backToWhereYouWere: "Back to where you were",
  backToStart: "Back to the start page",
  problem: "Error",
  againIn: ({ count, unit }: Waiting): string => `Please try again in ${count} ${unit}${count === 1 ? "" : "s"}.`,
  // English is what the server says itself.
  refusals: NO_REFUSALS,
  refusalsByStatus: (status: number): Refusal =>
    status >= 500
      ? { heading: "Something went wrong", told: "It is not your fault. Please try again later." }
      : { heading: "This request was refused", told: "That cannot be done." },
  backToPhotos: "All photos",
  noPicture: "This file has no picture to show.",
  downloadOriginal: "Download",
  downloadAll: "Download all photos",
  moderation: "Approval",
  moderationWhy: "Photos that nobody but hosts sees: until one approves them, or because one has hidden them.",
  nothingToModerate: "Nothing waits for you.",
  decidePublish: "Approve",
  decideHide: "Hide",
  decideReject: "Delete",
  decideOperators: "The operator of this server has hidden this file. Only they can show it again.",
  refusedFiles: "Refused files",
  refusedFilesWhy: "The server has refused these, and nobody sees them.",
  refusedInfected: "holds malware",
  refusedUnscannable: "could not be checked for malware",
  refusedDamaged: "damaged, or no photo or video",
  invitations: "Invitations",
  invitationsWhy:
    "Whoever scans the code of an invitation or opens its link is a guest. One code for all tables will do; one for each group can be taken back alone.",
  newInvitation: "New invitation",
  invitationFor: "For whom",
  invitationForHint: "A name for yourself, such as “All tables” or “Family”.",
  guestsMay: "Guests may",
  mayViewAndUpload: "see photos and add some",
  mayDownload: "see photos, add some and download them",
  mayView: "see photos only",
  mayUpload: "add photos only",
  validFor: "Valid for",
  days: (count: number): string => (count === 1 ? "a day" : `${count} days`),
  createInvitation: "Make the invitation",
  noInvitations: "There are no invitations yet.",
  invitationUntil: (date: string): string => `valid until ${date}`,
  invitationOver: "expired",
  invitationRevoked: "taken back",
  guestCount: (count: number): string => (count === 1 ? "1 guest" : `${count} guests`),
  showInvitation: "Code and link",
  revokeInvitation: "Take back",
  invitationIsRevoked: "The invitation is taken back. Who came in by it sees nothing any more.",
  rotateInvitation: "Make a new code",
  invitationIsRotated: "The invitation has a new code. The old one is good for another day.",
  invitationLink: "Link",
  invitationCode: "QR code with the link of this invitation",
  printCard: "Print a card (A6)",
  printSheet: "Print a sheet of cards (A4)",
  inOneDay: "In the last 24 hours",
  usageJoins: "Guests who came in",
  usageUploads: "Photos brought",
  usageRefused: "Refused",
  backToInvitations: "All invitations",
  tooManyInvitations: "There cannot be more invitations. Take one back that you do not need any more.",
  forHosts: "For hosts",
  fieldMissing: "Please fill this in.",
  fieldTooLong: (most: number): string => `At most ${most} characters.`,
  dateMissing: "Please choose a day.",
  eventLimit: "You have as many events as there can be. Delete one you do not need any more.",
};

/** The texts of one language. */
export type Words = typeof en;
