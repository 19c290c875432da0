/**
 * Prefixes by which frameworks put a variable into what browsers load: https://vercel.com/docs/environment-variables/framework-environment-variables
 * and the frameworks' own documents; and names of keys that are made to be shown, such as `STRIPE_PUBLISHABLE_KEY`.
 */
const publicNames =
  /(?:^|_)(?:PUBLISHABLE|PUBLIC)(?:_|$)|^(?:NEXT_PUBLIC_|VITE_|REACT_APP_|GATSBY_|NUXT_PUBLIC_|NUXT_ENV_|VUE_APP_|EXPO_PUBLIC_|NG_APP_|STORYBOOK_|SANITY_STUDIO_|REDWOOD_ENV_)/;

/** Whether a variable is public by the convention of its name: its value is no secret. */
export const isPublicName = (name: string): boolean => publicNames.test(name);
