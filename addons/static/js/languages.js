// The languages the window speaks, each by its own name.
export const LANGUAGES = { en: 'English', de: 'Deutsch', uk: 'Українська', zh: '中文', ru: 'Русский' };
