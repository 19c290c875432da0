import type { Metadata } from "next";
import { SignInForm } from "./sign-in-form.tsx";

export const metadata: Metadata = { title: "Sign in" };

export default function SignIn() {
  return (
    <main id="main" className="narrow">
      <SignInForm />
    </main>
  );
}
