// Says on the page why a passkey could not be used; django-allauth's script reports it as an event.
document.addEventListener("allauth.error", () => {
  document.getElementById("passkey-problem").hidden = false
})
