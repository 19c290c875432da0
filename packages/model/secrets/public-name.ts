/**
 * Prefixes by which frameworks put a variable into what browsers load: https://vercel.com/docs/environment-variables/framework-environment-variables
 * and the frameworks' own documents. A value of such a name is no secret.
 */
const publicPrefix =
  /^(?:NEXT_PUBLIC_|VITE_|PUBLIC_|REACT_APP_|GATSBY_|NUXT_PUBLIC_|NUXT_ENV_|VUE_APP_|EXPO_PUBLIC_|NG_APP_|STORYBOOK_|SANITY_STUDIO_|REDWOOD_ENV_)/;

/** Whether a variable is public by the convention of its name. */
export const isPublicName = (name: string): boolean => publicPrefix.test(name);
