// Before anything is drawn: the look and the language that were chosen, so that nothing flashes.
(() => {
  const root = document.documentElement, kept = name => { try { return localStorage.getItem(name) } catch { return null } };
  root.dataset.theme = kept('studio.theme') === 'light' ? 'light' : 'dark';
  const language = kept('studio.language');
  if (language) {
    root.lang = language;
    Object.defineProperties(navigator, { language: { value: language }, languages: { value: [language] } });
  }
  window.Studio = { build: document.currentScript.dataset.build, waiting: [], mount: (name, place) => Studio.waiting.push([name, place]) };
  document.addEventListener('DOMContentLoaded', () => {
    const follow = () => document.body.classList.toggle('dark', root.dataset.theme === 'dark'); // for Gradio's own parts
    follow();
    new MutationObserver(follow).observe(root, { attributes: true, attributeFilter: ['data-theme'] });
    new MutationObserver(() => document.body.classList.contains('dark') !== (root.dataset.theme === 'dark') && follow())
      .observe(document.body, { attributes: true, attributeFilter: ['class'] });
  });
})();
