import js from "@eslint/js"
import globals from "globals"

export default [
  { ignores: ["**/node_modules/", ".venv*/", "site/"] },
  js.configs.recommended,
  {
    files: ["dashboard/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      eqeqeq: "error",
      "max-len": ["error", 120],
      "max-params": ["error", 4], // more belong into a record
      "no-undef": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  { files: ["tests/**/*.js"], languageOptions: { globals: globals.node } },
]
